"""Scores of the embedded models: the known heads, and the models' own eager attention."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.conftest import kept_dataset
from tests.support.fake_dataset import facts_of_heads, stored_tokens
from tests.support.head_patterns import head_of, slow_rows, slow_text_rows
from transformers import AutoModel

from attentionviz import models
from attentionviz.pipeline.scoring import corpus_tokens

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
MODELS = ROOT / "data" / "models"


def built(model: str, max_tokens: int | None) -> tuple[Path, np.ndarray]:
    """Return the folder of a dataset of one quick map, and its heads, (layer, head)."""
    folder = kept_dataset(
        f"{model}-scores",
        model=model,
        text=ROOT / "data" / "corpora" / "sentences.csv",
        methods=("pca",),
        dims=(2,),
        max_tokens=max_tokens,
        local_models=MODELS,
    ).folder
    heads = facts_of_heads(folder)
    n_layers = heads[-1]["layer"] + 1
    return folder, np.array(heads, dtype=object).reshape(n_layers, -1)


def values(heads: np.ndarray, name: str) -> np.ndarray:
    """Return one score of every head, (layer, head)."""
    found = [head["scores"][name]["value"] for head in heads.ravel()]
    return np.array(found, dtype=np.float64).reshape(heads.shape)


@pytest.fixture(scope="module")
def gpt2():
    return built("demo-gpt2", None)[1]


@pytest.fixture(scope="module")
def measured():
    """Return what the training script measures of demo-gpt2 by itself."""
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        from demo_model_training import text_heads

        return text_heads.measure(MODELS / "demo-gpt2")
    finally:
        sys.path.remove(str(ROOT / "scripts"))


def test_the_known_heads_of_demo_gpt2_are_found(gpt2):
    previous, induction = values(gpt2, "probe_previous"), values(gpt2, "probe_induction")
    assert previous.max() > 0.97 and np.unravel_index(previous.argmax(), previous.shape) == (0, 2)
    assert values(gpt2, "previous").argmax() == previous.argmax()
    assert induction.max() > 0.85
    assert set(np.argwhere(induction > 0.5)[:, 0]) == {1}, "induction heads are in layer 1"
    assert values(gpt2, "induction")[1].max() > 0.6
    matching = values(gpt2, "prefix_matching")
    assert 0.4 < matching.max() <= 0.5, "one key a row is 0.5 of four sayings"
    assert set(np.argwhere(matching > 0.25)[:, 0]) == {1}


def test_the_probe_agrees_with_what_the_training_measured_on_other_random_tokens(gpt2, measured):
    for name in ("previous", "induction", "duplicate"):
        expected = getattr(measured, name)
        np.testing.assert_allclose(values(gpt2, f"probe_{name}"), expected, atol=0.03)


def test_scores_of_all_sentences_are_those_of_the_eager_attention(gpt2, measured):
    previous, first = measured.previous_in_sentences, measured.first_in_sentences
    np.testing.assert_allclose(values(gpt2, "previous"), previous, atol=1e-5)
    np.testing.assert_allclose(values(gpt2, "first"), first, atol=1e-5)


def test_demo_bert_scores_as_its_own_eager_attention_does():
    folder, heads = built("demo-bert", 250)
    columns = stored_tokens(folder)
    starts, lengths = columns["sequences"]["start"], columns["sequences"]["length"]
    model_folder = models.names.resolve("demo-bert", MODELS).folder
    network = AutoModel.from_pretrained(model_folder, attn_implementation="eager").eval()
    patterns = []
    for start, n in zip(starts, lengths, strict=True):
        ids = torch.tensor([columns["token_id"][start : start + n]])
        with torch.no_grad():
            patterns.append(torch.cat(network(ids, output_attentions=True).attentions).numpy())
    tokens = corpus_tokens(folder, "text")
    for layer, head in ((0, 2), (1, 8), (2, 9), (5, 11)):
        own = head_of(*(pattern[layer, head] for pattern in patterns))
        by_row = [slow_text_rows(row, tokens) for row in slow_rows(own)]
        for name in by_row[0]:
            found = [row[name] for row in by_row if row[name] is not None]
            score = heads[layer, head]["scores"][name]
            assert score["n_rows"] == len(found)
            assert score["value"] == pytest.approx(np.mean(found), abs=2e-5), name
    previous = values(heads, "previous")
    assert np.unravel_index(previous.argmax(), previous.shape) == (0, 2) and previous.max() > 0.99
