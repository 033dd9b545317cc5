import sys
from pathlib import Path

import numpy as np
import pytest
from transformers import AutoModel, AutoModelForCausalLM

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

from demo_model_training import (
    everyday,
    gpt2,
    gpt2_batches,
    picture_classes,
    prose,
    training_log,
    vit,
)


def test_only_paragraphs_that_read_as_sentences_are_kept():
    text = """Return the sorted, unique values that are in both of the input arrays.

    Parameters
    ----------
    x : int

    >>> intersect([1, 2, 3, 4, 5, 6, 7], [1, 2])

    It uses :func:`~numpy.sort` and ``unique`` to find *all* of the values at once."""
    assert list(prose.paragraphs_of(text)) == [
        "Return the sorted, unique values that are in both of the input arrays.",
        "It uses numpy.sort and unique to find all of the values at once.",
    ]


def test_everyday_sentences_have_no_empty_slots():
    rng = np.random.default_rng(0)
    for _ in range(500):
        text = everyday.sentence(rng)
        assert not set(text) & set("{}_"), text
        assert text[-1] in '.?!"' and not text[0].islower(), text


def test_sentences_of_the_corpus_are_not_trained_on():
    rng = np.random.default_rng(gpt2.SEED)
    written = {everyday.sentence(rng) for _ in range(5_000)}
    assert not written.intersection(gpt2_batches.read_sentences())


def test_random_tokens_start_again_after_every_period():
    row = gpt2_batches.repeated_random(np.random.default_rng(0), 20, 8)
    assert row.shape == (20,)
    assert (row[8:16] == row[:8]).all() and (row[16:] == row[:4]).all()


@pytest.mark.parametrize("step", [0, 1])
def test_labels_of_random_tokens_begin_at_the_first_repeat(step):
    rng = np.random.default_rng(0)
    words = rng.integers(1, 4096, 1000)
    text = gpt2_batches.TrainingText(words, words, np.arange(0, 800, 50))
    token_ids, labels = gpt2_batches.batch(rng, text, step)
    assert token_ids.shape == labels.shape
    n_random = gpt2_batches.n_random_rows(step)
    assert (labels[:-n_random] == token_ids[:-n_random]).all()
    for tokens, label in zip(token_ids[-n_random:], labels[-n_random:], strict=True):
        period = int((label == gpt2_batches.IGNORED).sum())
        assert 4 <= period <= len(tokens) // 2
        assert (tokens[period:] == tokens[:-period]).all()


def test_the_learning_rate_warms_up_and_decays():
    rates = [training_log.learning_rate_at(step, 1000, 1e-3) for step in range(1000)]
    assert max(rates) == pytest.approx(1e-3)
    assert rates[0] < rates[75] < rates[149] and rates[150] > rates[500] > rates[999] > 0


def test_classes_differ_and_pools_are_reproducible():
    names = picture_classes.class_names()
    assert len(names) == len(set(names)) == 48
    once, again = (picture_classes.draw_pool(20, 3, 64, held_out=False) for _ in range(2))
    assert once[0].shape == (20, 64, 64, 3)
    assert (once[0] == again[0]).all() and (once[1] == again[1]).all()


def test_held_out_digits_are_never_drawn_for_training():
    other = picture_classes.draw_pool(20, 3, 64, held_out=True)
    seen = picture_classes.draw_pool(20, 3, 64, held_out=False)
    of_digits = [i for i, family in enumerate(seen[2]) if family == "digit"]
    assert of_digits and all((seen[0][i] != other[0][i]).any() for i in of_digits)


@pytest.mark.slow
def test_vit_training_saves_what_loads(tmp_path, monkeypatch):
    monkeypatch.setattr(vit, "N_PICTURES", 100)
    vit.train(tmp_path, n_steps=2)
    assert AutoModel.from_pretrained(tmp_path).config.num_hidden_layers == 4


@pytest.mark.slow
def test_gpt2_training_saves_what_loads(tmp_path, monkeypatch):
    monkeypatch.setattr(gpt2_batches, "N_EVERYDAY_PARAGRAPHS", 500)
    rng = np.random.default_rng(0)
    monkeypatch.setattr(prose, "collect", lambda: [everyday.paragraph(rng) for _ in range(500)])
    gpt2.train(tmp_path, n_steps=2)
    assert AutoModelForCausalLM.from_pretrained(tmp_path).config.n_head == 8
