"""Sparsity and entropy of every sequence, against plain loops and cases counted by hand."""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import entropy
from tests.server.conftest import CAUSAL, SPECS, TEXT, array_of, client_of_broken_keys, make_app
from tests.server.test_api_attention import BASE, plain_pattern, span, vectors
from tests.support.checked_client import CheckedClient
from tests.support.fake_dataset import (
    FakeSpec,
    make_corpus,
    npy_bytes,
    republish,
    write_fake_dataset,
)

from attentionviz.analysis import sequence_scores
from attentionviz.core.rule import HeadRule
from attentionviz.measures.head_scores.corpus import HeadAttention, TextTokens
from attentionviz.measures.head_scores.scoring import score_head

TOLERANCE = 1e-5


def plain_scores(data_dir: Path, spec: FakeSpec, layer: int, head: int) -> np.ndarray:
    """Return keys for 90 %, entropy and rows of every sequence, row by row."""
    queries, keys, _ = vectors(data_dir, spec, layer, head)
    found = []
    for i in range(len(make_corpus(spec).lengths)):
        rows = []
        for row in plain_pattern(spec, queries[span(spec, i)], keys[span(spec, i)]):
            n_visible = np.count_nonzero(row)
            if n_visible < 2:
                continue
            held, n_keys = 0.0, 0
            for weight in sorted(row, reverse=True):
                if held >= 0.9 - 1e-6:
                    break
                held, n_keys = held + weight, n_keys + 1
            rows.append((n_keys, entropy(row) / math.log(n_visible)))
        found.append([*np.mean(rows, axis=0), len(rows)])
    return np.array(found)


@pytest.mark.parametrize("name", ["text", "causal", "image"])
def test_each_sequence_of_a_head_has_the_means_of_its_rows(
    client: CheckedClient, data_dir: Path, name: str
) -> None:
    for _ in range(2):  # computed, then kept
        response = client.get(f"{BASE}/{name}/sequences/scores?layer=0&head=1")
        assert np.abs(array_of(response) - plain_scores(data_dir, SPECS[name], 0, 1)).max() < 1e-4
        assert response.headers["X-Sequences"] == response.headers["X-Sequences-Total"]


@pytest.mark.parametrize("name", ["text", "causal", "image"])
def test_without_a_head_the_mean_is_over_all_heads(
    client: CheckedClient, data_dir: Path, name: str
) -> None:
    spec = SPECS[name]
    heads = np.stack([plain_scores(data_dir, spec, *head) for head in spec.head_ids])
    found = array_of(client.get(f"{BASE}/{name}/sequences/scores"))
    assert np.abs(found[:, :2] - heads[:, :, :2].mean(axis=0)).max() < 1e-4
    assert found[:, 2].tolist() == heads[:, :, 2].sum(axis=0).tolist()


def test_the_first_row_of_a_causal_sequence_does_not_count(
    client: CheckedClient,
) -> None:
    lengths = make_corpus(CAUSAL).lengths
    found = array_of(client.get(f"{BASE}/causal/sequences/scores?layer=0&head=0"))
    assert found[:, 2].tolist() == [n - 1 for n in lengths]


def test_means_of_sequences_weighted_by_rows_are_the_heads_scores(
    client: CheckedClient, data_dir: Path
) -> None:
    queries, keys, _ = vectors(data_dir, TEXT, 1, 1)
    lengths = np.array(make_corpus(TEXT).lengths)
    attention = HeadAttention(queries, keys, lengths, HeadRule(TEXT.d_head**-0.5, TEXT.is_causal))
    tokens = TextTokens.of(np.zeros(len(queries), dtype=np.int64))
    head = score_head(attention, tokens).scores
    found = array_of(client.get(f"{BASE}/text/sequences/scores?layer=1&head=1")).astype(float)
    for column, name in enumerate(("sparsity", "entropy")):
        mean = np.average(found[:, column], weights=found[:, 2])
        assert mean == pytest.approx(head[name]["value"], abs=TOLERANCE)
        assert head[name]["n_rows"] == found[:, 2].sum()


def test_equal_weights_need_nine_of_ten_keys_and_have_entropy_one(tmp_path: Path) -> None:
    spec = FakeSpec("even", n_layers=1, n_heads=1, n_tokens=60, maps=("pca-2d",))
    folder = write_fake_dataset(tmp_path, spec)
    queries = np.load(folder / "L00H00" / "queries.npy")
    republish(folder, {"L00H00/queries.npy": npy_bytes(np.zeros_like(queries))})
    client = make_app(tmp_path).test_client()
    found = array_of(client.get(f"{BASE}/even/sequences/scores?layer=0&head=0"))
    lengths = make_corpus(spec).lengths
    assert found[:, 0].tolist() == [math.ceil(0.9 * n - 1e-4) for n in lengths]
    assert np.abs(found[:, 1] - 1).max() < TOLERANCE


def test_the_chunk_size_changes_no_score(
    client: CheckedClient, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = array_of(client.get(f"{BASE}/text/sequences/scores?layer=0&head=1"))
    monkeypatch.setattr(sequence_scores, "CHUNK_TOKENS", 25)
    again = make_app(data_dir).test_client()
    assert (array_of(again.get(f"{BASE}/text/sequences/scores?layer=0&head=1")) == wanted).all()


def test_too_many_sequences_are_sampled_evenly_and_counted(
    client: CheckedClient, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths = np.array(make_corpus(TEXT).lengths)
    monkeypatch.setattr(sequence_scores, "MAX_WEIGHTS", int((lengths**2).sum()) - 1)
    again = make_app(data_dir).test_client()
    response = again.get(f"{BASE}/text/sequences/scores?layer=0&head=0")
    found = array_of(response)
    assert np.isfinite(found[::2]).all()
    assert np.isnan(found[1::2]).all()
    assert response.headers["X-Sequences"] == str(len(found[::2]))
    assert np.abs(found[::2] - plain_scores(data_dir, TEXT, 0, 0)[::2]).max() < 1e-4


@pytest.mark.parametrize(
    ("asked", "status"),
    [("layer=0", 400), ("head=0", 400), ("layer=x&head=0", 400), ("layer=9&head=0", 404)],
)
def test_a_layer_without_a_head_and_a_head_out_of_range_are_refused(
    client: CheckedClient, asked: str, status: int
) -> None:
    assert client.get(f"{BASE}/text/sequences/scores?{asked}").status_code == status


def test_vectors_that_are_no_numbers_are_damage(tmp_path: Path) -> None:
    client = client_of_broken_keys(tmp_path)
    assert client.get(f"{BASE}/broken/sequences/scores?layer=0&head=0").status_code == 200
    assert client.get(f"{BASE}/broken/sequences/scores").status_code == 500
