"""Scores as a unit of work: what a build writes is what the model's own attention says."""

import json
import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.support.fake_dataset import facts_of_heads, stored_tokens
from tests.support.head_patterns import head_of, slow_rows, slow_text_rows
from tests.support.text_architectures import TEXT_ARCHITECTURES, make
from tests.support.tiny_models import byte_level_tokenizer, save
from transformers import AutoModel, AutoTokenizer

from attentionviz import models
from attentionviz.core.scores import PROBE_SCORES, SCORE_FACTS, scores_of
from attentionviz.core.types import HeadId, MapName
from attentionviz.errors import BuildError
from attentionviz.models.repeated import MIN_PERIOD
from attentionviz.pipeline.build import build
from attentionviz.pipeline.map_computation import missing_units
from attentionviz.pipeline.probing import probe_heads
from attentionviz.pipeline.scoring import corpus_tokens, is_punctuation, run_scores
from attentionviz.pipeline.units import MapJob
from attentionviz.store import layout
from attentionviz.store.reader import open_dataset
from attentionviz.store.writer import write_array, write_bytes

# Scores that every corpus of the modality has rows for.
ALWAYS_DEFINED = {
    "text": {"previous", "self", "first", "entropy", "mean_distance", "probe_induction"},
    "image": {"self", "entropy", "same_row", "class_token", "hue_similarity"},
}


def own_attention(model_folder, sequences):
    """Return the model's eager attention, one array (layer, head, query, key) a sequence."""
    network = AutoModel.from_pretrained(model_folder, attn_implementation="eager").eval()
    patterns = []
    for token_ids in sequences:
        with torch.no_grad():
            output = network(input_ids=torch.tensor([token_ids]), output_attentions=True)
        patterns.append(torch.cat(output.attentions).numpy())
    return patterns


def test_every_head_has_every_score_and_a_profile(tiny_dataset, tiny_image_dataset):
    for dataset, modality in ((tiny_dataset, "text"), (tiny_image_dataset, "image")):
        manifest = json.loads((dataset.folder / layout.MANIFEST).read_bytes())
        assert manifest["scores"] == list(scores_of(()))
        for head in facts_of_heads(dataset.folder):
            assert head["scores"].keys() == scores_of(()).keys()
            assert head["profile"]["offsets"] == list(range(-32, 33))
            defined = {name for name, score in head["scores"].items() if score["n_rows"] > 0}
            assert defined == {
                name for name, score in head["scores"].items() if score["value"] is not None
            }
            assert defined <= {
                name for name, facts in SCORE_FACTS.items() if facts.modality in (None, modality)
            }
            # 64 positions are too few for prefix matching; others may have no row in this corpus.
            assert defined >= ALWAYS_DEFINED[modality]
            assert "prefix_matching" not in defined


def test_scores_of_a_build_are_those_of_the_models_own_attention(tiny_bert, tiny_dataset):
    columns = stored_tokens(tiny_dataset.folder)
    starts, lengths = columns["sequences"]["start"], columns["sequences"]["length"]
    ids = [columns["token_id"][a : a + n] for a, n in zip(starts, lengths, strict=True)]
    patterns = own_attention(tiny_bert, ids)
    tokens = corpus_tokens(tiny_dataset.folder, "text")
    assert tokens.is_special.sum() == 2 * len(ids)
    assert tokens.is_punctuation.sum() == sum(text in (".", ",", ":") for text in columns["text"])
    for head in facts_of_heads(tiny_dataset.folder):
        own = head_of(*(pattern[head["layer"], head["head"]] for pattern in patterns))
        by_row = [slow_text_rows(row, tokens) for row in slow_rows(own)]
        for name in by_row[0]:
            values = [row[name] for row in by_row if row[name] is not None]
            found = head["scores"][name]
            assert found["n_rows"] == len(values)
            mean = pytest.approx(np.mean(values), abs=1e-5) if values else None
            assert found["value"] == mean, name


def test_the_probe_is_that_of_the_models_own_attention(tiny_bert):
    model = models.load(str(tiny_bert), device="cpu", local_models=None)
    repeated = models.repeat_tokens(model, 3)
    n = repeated.period
    assert (repeated.start, n) == (["[CLS]"], 31), "64 positions, two of them for marks"
    patterns = np.stack(own_attention(tiny_bert, repeated.sequences))
    found = probe_heads(model, 3)
    assert found["facts"]["probe"] == {"n_sequences": 16, "period": n, "reason": None}
    second, every = np.arange(n + 1, 2 * n + 1), np.arange(2, 2 * n + 1)
    for head in model.heads:
        own = patterns[:, head.layer, head.head]
        expected = {
            "probe_induction": own[:, second, second - n + 1],
            "probe_previous": own[:, every, every - 1],
            "probe_duplicate": own[:, second, second - n],
        }
        for name, weights in expected.items():
            score = found["heads"][head.folder][name]
            assert score["n_rows"] == weights.size
            assert score["value"] == pytest.approx(weights.mean(), abs=1e-5)


@pytest.mark.parametrize("name", ["gpt2", "roberta", "mistral with a window"])
def test_prefix_matching_is_that_of_the_models_own_attention(tmp_path, name):
    family, settings = TEXT_ARCHITECTURES[name]
    if "max_position_embeddings" in settings:
        settings = settings | {"max_position_embeddings": 128}
    architecture, config = make(family, settings)
    folder = save(architecture, config, tmp_path, tokenizer=byte_level_tokenizer())
    model = models.load(str(folder), device="cpu", local_models=None)
    sequences = models.prefix_matching_tokens(model, 3).sequences
    said = np.array(sequences)[:, -100:].reshape(10, 4, 25)
    assert (said == said[:, :1]).all() and all(len(set(one[0])) == 25 for one in said.tolist())
    found = probe_heads(model, 3)
    assert found["facts"]["prefix_probe"] == {
        "n_sequences": 10,
        "period": 25,
        "n_repeats": 4,
        "start": ["<|endoftext|>"],
        "reason": None,
    }
    assert {len(token_ids) for token_ids in sequences} == {101}
    patterns = np.stack(own_attention(folder, sequences))
    for head in model.heads:
        weights = [
            one[head.layer, head.head, i, j]
            for one, ids in zip(patterns, sequences, strict=True)
            for i in range(1, 101)
            for j in range(2, i + 1)
            if ids[j - 1] == ids[i] and j - 1 < i
        ]
        score = found["heads"][head.folder]["prefix_matching"]
        if name == "mistral with a window":
            assert score == {"value": None, "n_rows": 0}, "six keys back there is no copy"
        else:
            assert (score["n_rows"], len(weights)) == (750, 1500)
            assert score["value"] == pytest.approx(np.mean(weights), abs=1e-5)


def test_prefix_matching_leaves_out_both_ends_of_the_vocabulary(tmp_path):
    architecture, config = make(*TEXT_ARCHITECTURES["gpt2"])
    folder = save(architecture, config, tmp_path, tokenizer=byte_level_tokenizer())
    model = models.load(str(folder), device="cpu", local_models=None)
    plain = model.inputs.plain_tokens()
    said = {i for seed in range(9) for ids in models.prefix_matching_tokens(model, seed).sequences
            for i in ids[1:]}  # fmt: skip
    n_end = len(plain) // 10
    assert n_end > 0 and sorted(said) == plain[n_end : len(plain) - n_end]


@pytest.mark.parametrize("name", ["llama", "mistral with a window"])
def test_the_probe_knows_shared_keys_and_windows(tmp_path, name):
    architecture, config = make(*TEXT_ARCHITECTURES[name])
    folder = save(architecture, config, tmp_path, tokenizer=byte_level_tokenizer())
    model = models.load(str(folder), device="cpu", local_models=None)
    assert model.n_key_heads < model.n_heads
    repeated = models.repeat_tokens(model, 0)
    n, found = repeated.period, probe_heads(model, 0)["heads"]
    patterns = np.stack(own_attention(folder, repeated.sequences))
    second, every = np.arange(n, 2 * n), np.arange(1, 2 * n)
    for head in model.heads:
        own, scores = patterns[:, head.layer, head.head], found[head.folder]
        previous = own[:, every, every - 1].mean()
        assert scores["probe_previous"]["value"] == pytest.approx(previous, abs=1e-5)
        if name == "llama":
            copied = own[:, second, second - n].mean()
            assert scores["probe_duplicate"]["value"] == pytest.approx(copied, abs=1e-5)
        else:
            assert scores["probe_duplicate"] == {"value": None, "n_rows": 0}


def test_probe_tokens_are_distinct_words_between_special_tokens(tiny_bert):
    model = models.load(str(tiny_bert), device="cpu", local_models=None)
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    repeated = models.repeat_tokens(model, 0)
    assert repeated.sequences == models.repeat_tokens(model, 0).sequences
    assert repeated.sequences != models.repeat_tokens(model, 1).sequences
    for token_ids in repeated.sequences:
        first, *said, last = tokenizer.convert_ids_to_tokens(token_ids)
        assert (first, last) == ("[CLS]", "[SEP]")
        assert said[: len(said) // 2] == said[len(said) // 2 :]
        assert len(set(said)) == len(said) // 2
        assert all(word.isalpha() for word in said)


def test_a_model_without_special_tokens_is_probed_without_them(tmp_path):
    from tests.support.tiny_models import save_tiny_gpt2

    model = models.load(str(save_tiny_gpt2(tmp_path)), device="cpu", local_models=None)
    repeated = models.repeat_tokens(model, 0)
    assert (repeated.start, repeated.period) == ([], 32)
    assert {len(token_ids) for token_ids in repeated.sequences} == {64}


def test_images_are_not_probed_and_the_reason_is_in_the_manifest(tiny_image_dataset):
    manifest = json.loads((tiny_image_dataset.folder / layout.MANIFEST).read_bytes())
    assert manifest["probe"]["n_sequences"] == 0
    assert "image models have no tokens" in manifest["probe"]["reason"]
    assert manifest["prefix_probe"]["reason"] == manifest["probe"]["reason"]
    for head in facts_of_heads(tiny_image_dataset.folder):
        assert [head["scores"][name] for name in PROBE_SCORES] == [{"value": None, "n_rows": 0}] * 4


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"plain_tokens": lambda self: list(range(5, 20))}, "random tokens need at least 62"),
        ({"max_length": 2 * MIN_PERIOD + 1}, "length of 17 tokens is too short"),
    ],
)
def test_a_model_that_cannot_be_probed_says_why(tiny_bert, monkeypatch, change, words):
    model = models.load(str(tiny_bert), device="cpu", local_models=None)
    for name, value in change.items():
        owner = type(model.inputs) if callable(value) else model.inputs
        monkeypatch.setattr(owner, name, value)
    found = probe_heads(model, 0)
    assert words in found["facts"]["probe"]["reason"]
    assert found["heads"]["L01H01"]["probe_induction"] == {"value": None, "n_rows": 0}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (".", True), ("##,", True), (" …", True), ("€", True), ("\n", True), ("。", True),
        ("a.", False), ("1", False), (" it", False), ("日", False),
        ("。 2⁄3", True), (" 。 1⁄3", True), ("日 1⁄3", False), ("。 3⁄3 + 日 1⁄3", False),
    ],
)  # fmt: skip
def test_punctuation_tokens_consist_of_punctuation_and_symbols(text, expected):
    assert is_punctuation(text) is expected


@pytest.fixture
def request_(request_):
    return replace(request_, methods=("pca", "biplot"), dims=(2, 3))


@pytest.fixture
def stopped(request_, monkeypatch):
    """Return the folder of a build that stopped before it was published."""

    def fail(*_):
        raise BuildError("on purpose")

    with monkeypatch.context() as patch:
        patch.setattr("attentionviz.pipeline.build.write_grids", fail)
        with pytest.raises(BuildError, match="on purpose"):
            build(request_)
    return next((request_.output / ".staging").iterdir())


def test_scores_come_after_the_first_maps_and_before_the_others(stopped, request_):
    lines = (stopped / layout.JOURNAL).read_text().splitlines()
    drawn = [json.loads(line)["path"] for line in lines]
    first_3d = drawn.index("L00H00/biplot-3d.json")
    scores = [i for i, name in enumerate(drawn) if name.endswith("scores.json")]
    last_2d = max(i for i, name in enumerate(drawn) if name.endswith("2d.npy"))
    assert len(scores) == 4
    assert last_2d < min(scores) and max(scores) < first_3d


def test_scores_of_a_stopped_build_are_kept_and_missing_ones_recomputed(stopped, request_):
    kept = os.stat(stopped / "L00H01/scores.json").st_ino
    before = (stopped / "L01H00/scores.json").read_bytes()
    (stopped / "L01H00/scores.json").unlink()
    seen = {}

    def say(words):
        if "manifest" in words:
            seen["kept"] = os.stat(stopped / "L00H01/scores.json").st_ino
            seen["again"] = (stopped / "L01H00/scores.json").read_bytes()

    result = build(request_, say)
    assert seen == {"kept": kept, "again": before}
    assert not list(result.folder.rglob("scores.json"))
    assert not (result.folder / layout.PROBE).exists()


def test_a_stopped_build_shows_its_finished_scores(stopped, request_):
    reader = open_dataset(request_.output, "small")
    columns = reader.head_columns()
    assert reader.state == "failed"
    assert all(reader.head(head)["scores"].keys() == scores_of(()).keys() for head in columns.heads)
    lines = (stopped / layout.JOURNAL).read_text().splitlines(keepends=True)
    kept = [line for line in lines if "L01H01/scores.json" not in line]
    (stopped / layout.JOURNAL).write_text("".join(kept))
    reader = open_dataset(request_.output, "small")
    last = reader.head(HeadId(1, 1))
    assert last["scores"] == {} and last["profile"] is None
    assert list(np.isnan(reader.head_columns()["self/n_rows"])) == [False, False, False, True]


def test_nothing_is_recomputed_once_all_scores_exist(stopped, request_):
    class Plan:
        request = request_

    class Everything(set):
        def __contains__(self, path):
            return True

        def has_all(self, paths):
            return True

    manifest = {"n_heads": 2, "n_key_heads": 2, "d_head": 4, "layers": [{}, {}]}
    assert missing_units(Plan, manifest, Everything()) == []


def test_attention_that_is_not_finite_is_refused_with_layer_and_head(tmp_path):
    head = HeadId(0, 1)
    vectors = np.full((3, 4), np.nan, dtype=np.float32)
    columns = {"token_type": ["text"] * 3, "token_id": [1, 2, 3], "text": ["a", "b", "c"]}
    write_bytes(tmp_path, layout.VOCABULARY, json.dumps(columns).encode())
    write_array(tmp_path, layout.CODES, np.arange(3, dtype=np.int32))
    manifest = {
        "n_heads": 2,
        "n_key_heads": 2,
        "d_head": 4,
        "model": {"modality": "text"},
        "keep_vectors": {"choice": "all"},
        "layers": [{"scaling": 0.5, "is_causal": False, "max_distance": None}],
        "maps": {str(MapName("pca", 2)): {}},
    }
    for path in (layout.queries_path(head), layout.keys_path(head, manifest)):
        write_array(tmp_path, path, vectors)
    job = MapJob(tmp_path, manifest, (3,))
    with pytest.raises(BuildError, match="layer 0, head 1: its attention.*not finite"):
        run_scores(job, head)
