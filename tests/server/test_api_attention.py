"""Patterns, means and partners, held against plain loops over the stored vectors."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from tests.server.conftest import CAUSAL, IMAGE, SPECS, TEXT, array_of, make_app
from tests.support.checked_client import CheckedClient
from tests.support.fake_dataset import (
    FakeSpec,
    make_corpus,
    npy_bytes,
    republish,
    write_fake_dataset,
)

from attentionviz.analysis import head_attention

BASE = "/api/v1/datasets"
# Sums of eight float32 products in another order.
TOLERANCE = 2e-6


def vectors(data_dir: Path, spec: FakeSpec, layer: int, head: int) -> tuple[np.ndarray, ...]:
    """Return queries, keys and norms of a head, float64, read without our own reader."""
    folder = data_dir / (data_dir / f"{spec.dataset_id}.current").read_text().strip()
    group = spec.n_heads // (spec.n_key_heads or spec.n_heads)
    owner = head // group * group
    queries = np.load(folder / f"L{layer:02d}H{head:02d}" / "queries.npy")
    keys = np.load(folder / f"L{layer:02d}H{owner:02d}" / "keys.npy")
    norms = np.load(folder / f"L{layer:02d}H{head:02d}" / "norms.npy")
    return tuple(array.astype(np.float64) for array in (queries, keys, norms))


def plain_pattern(spec: FakeSpec, queries: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Return the pattern of one sequence, one row and one key after the other."""
    pattern = np.zeros((len(queries), len(keys)))
    for i, query in enumerate(queries):
        seen = [
            j
            for j in range(len(keys))
            if (not spec.is_causal or j <= i)
            and (spec.max_distance is None or abs(i - j) <= spec.max_distance)
        ]
        scores = np.array([query @ keys[j] for j in seen]) * spec.d_head**-0.5
        weights = np.exp(scores - scores.max())
        pattern[i, seen] = weights / weights.sum()
    return pattern


def span(spec: FakeSpec, sequence: int) -> slice:
    corpus = make_corpus(spec)
    start = corpus.starts[sequence]
    return slice(start, start + corpus.lengths[sequence])


@pytest.mark.parametrize("name", list(SPECS))
@pytest.mark.parametrize("weight", ["none", "value", "output"])
def test_the_pattern_is_the_softmax_over_visible_keys(
    client: CheckedClient, data_dir: Path, name: str, weight: str
) -> None:
    spec = SPECS[name]
    for head in range(spec.n_heads):
        queries, keys, norms = vectors(data_dir, spec, 0, head)
        for sequence in range(len(make_corpus(spec).starts)):
            at = span(spec, sequence)
            wanted = plain_pattern(spec, queries[at], keys[at])
            if weight != "none":
                wanted *= norms[at, {"value": 2, "output": 3}[weight]]
                wanted /= wanted.sum(axis=1, keepdims=True)
            address = f"{BASE}/{name}/heads/0/{head}/attention/{sequence}?weight={weight}"
            found = array_of(client.get(address))
            assert found.dtype == np.float32
            assert np.abs(found - wanted).max() < TOLERANCE


def test_grouped_heads_share_keys_but_not_patterns(client: CheckedClient) -> None:
    first, second = (
        array_of(client.get(f"{BASE}/causal/heads/0/{head}/attention/0")) for head in (2, 3)
    )
    assert CAUSAL.n_key_heads == 2
    assert not np.allclose(first, second)


def test_without_a_weight_the_pattern_is_unweighted(client: CheckedClient) -> None:
    address = f"{BASE}/text/heads/0/0/attention/0"
    assert client.get(address).data == client.get(f"{address}?weight=none").data


@pytest.mark.parametrize("name", ["text", "causal"])
@pytest.mark.parametrize("length", [1, 5, 9])
def test_the_mean_is_over_sequences_of_at_least_its_length(
    client: CheckedClient, data_dir: Path, name: str, length: int
) -> None:
    spec = SPECS[name]
    queries, keys, _ = vectors(data_dir, spec, 0, 1)
    lengths = make_corpus(spec).lengths
    long = [i for i, n in enumerate(lengths) if n >= length]
    patterns = [plain_pattern(spec, queries[span(spec, i)], keys[span(spec, i)]) for i in long]
    wanted = np.mean([pattern[:length, :length] for pattern in patterns], axis=0)
    for _ in range(2):  # computed, then cached
        response = client.get(f"{BASE}/{name}/heads/0/1/aggregate?length={length}")
        assert np.abs(array_of(response) - wanted).max() < TOLERANCE
        assert response.headers["X-Sequences"] == str(len(long))


@pytest.mark.parametrize("name", ["text", "causal", "image"])
@pytest.mark.parametrize("weight", ["value", "output"])
def test_a_weighted_mean_is_the_mean_of_weighted_patterns(
    client: CheckedClient, data_dir: Path, name: str, weight: str
) -> None:
    spec, length = SPECS[name], 6
    queries, keys, norms = vectors(data_dir, spec, 0, 1)
    patterns = []
    for sequence, n in enumerate(make_corpus(spec).lengths):
        if n >= length:
            at = span(spec, sequence)
            pattern = plain_pattern(spec, queries[at], keys[at])
            pattern *= norms[at, {"value": 2, "output": 3}[weight]]
            patterns.append((pattern / pattern.sum(axis=1, keepdims=True))[:length, :length])
    address = f"{BASE}/{name}/heads/0/1/aggregate?length={length}"
    found = array_of(client.get(f"{address}&weight={weight}"))
    assert np.abs(found - np.mean(patterns, axis=0)).max() < TOLERANCE
    assert np.abs(found - array_of(client.get(address))).max() > 100 * TOLERANCE
    assert client.get(address).data == client.get(f"{address}&weight=none").data


@pytest.mark.parametrize(("name", "length"), [("text", 9), ("causal", 5), ("image", 50)])
@pytest.mark.parametrize("weight", ["none", "output"])
def test_the_means_of_all_heads_are_downsampled_means_of_each(
    client: CheckedClient, name: str, length: int, weight: str
) -> None:
    parameters = f"aggregate?length={length}&weight={weight}"
    response = client.get(f"{BASE}/{name}/heads/{parameters}")
    found = array_of(response)
    spec, side = SPECS[name], min(length, 32)
    assert found.shape == (spec.n_layers, spec.n_heads, side, side)
    edges = [cell * length // side for cell in range(side + 1)]
    for layer, head in np.ndindex(spec.n_layers, spec.n_heads):
        one = client.get(f"{BASE}/{name}/heads/{layer}/{head}/{parameters}")
        assert response.headers["X-Sequences"] == one.headers["X-Sequences"]
        mean = array_of(one)
        wanted = [
            [mean[top:bottom, left:right].mean() for left, right in pairwise(edges)]
            for top, bottom in pairwise(edges)
        ]
        assert np.abs(found[layer, head] - wanted).max() < TOLERANCE


@pytest.mark.parametrize("name", ["text", "causal"])
@pytest.mark.parametrize("weight", ["none", "output"])
def test_a_sequence_in_all_heads_is_its_pattern_in_each(
    client: CheckedClient, monkeypatch: pytest.MonkeyPatch, name: str, weight: str
) -> None:
    spec, address = SPECS[name], f"{BASE}/{name}/heads/attention/1?weight={weight}"
    wanted = np.stack(
        [
            array_of(client.get(f"{BASE}/{name}/heads/{layer}/{head}/attention/1?weight={weight}"))
            for layer, head in np.ndindex(spec.n_layers, spec.n_heads)
        ]
    )
    n = wanted.shape[-1]
    wanted = wanted.reshape(spec.n_layers, spec.n_heads, n, n)
    assert np.abs(array_of(client.get(address)) - wanted).max() < TOLERANCE
    row = array_of(client.get(f"{address}&kind=query&position=2"))
    assert np.abs(row - wanted[:, :, 2]).max() < TOLERANCE
    column = array_of(client.get(f"{address}&kind=key&position=2"))
    assert np.abs(column - wanted[:, :, :, 2]).max() < TOLERANCE
    assert client.get(f"{address}&position={n}").status_code == 404

    monkeypatch.setattr(head_attention, "MAX_ALL_HEADS_NUMBERS", 4 * wanted.size // n**2)
    blocks = array_of(client.get(address))
    assert blocks.shape[2:] == (2, 2)
    assert np.abs(blocks[:, :, 0, 1] - wanted[:, :, : n // 2, n // 2 :].mean((2, 3))).max() < 1e-6

    monkeypatch.setattr(head_attention, "MAX_ALL_HEADS_SCORES", 1)
    refused = client.get(address)
    assert refused.status_code == 400
    assert f"{n} tokens" in refused.get_json()["error"]["message"]


def test_the_means_of_all_heads_use_a_sample_of_many_sequences(
    client: CheckedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head_attention, "MAX_ALL_HEADS_SCORES", 1)
    response = client.get(f"{BASE}/text/heads/aggregate?length=8")
    assert response.headers["X-Sequences"] == "1"
    assert int(response.headers["X-Sequences-Total"]) > 1


@pytest.mark.parametrize(
    "query", ["", "length=0", "length=1025", "length=1000", "length=3&weight=x"]
)
def test_means_of_length_zero_are_400(client: CheckedClient, query: str) -> None:
    assert client.get(f"{BASE}/text/heads/aggregate?{query}").status_code == 400


def test_a_mean_over_a_large_corpus_reports_its_number_of_sequences(
    client: CheckedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head_attention, "MAX_AGGREGATE_SEQUENCES", 1)
    response = client.get(f"{BASE}/image/heads/1/0/aggregate?length=7")
    assert response.headers["X-Sequences"] == "1"
    assert response.headers["X-Sequences-Total"] == "2"


@pytest.mark.parametrize("point", [0, 7, TEXT.n_tokens, 2 * TEXT.n_tokens - 1])
@pytest.mark.parametrize("chunk", [8192, 7])
def test_partners_have_the_largest_scores_of_the_whole_corpus(
    client: CheckedClient, data_dir: Path, monkeypatch: pytest.MonkeyPatch, point: int, chunk: int
) -> None:
    monkeypatch.setattr(head_attention, "CHUNK_ROWS", chunk)
    queries, keys, _ = vectors(data_dir, TEXT, 1, 0)
    n = TEXT.n_tokens
    scores = keys @ queries[point] if point < n else queries @ keys[point - n]
    scores *= TEXT.d_head**-0.5
    partners = client.get(f"{BASE}/text/heads/1/0/neighbours/{point}?k=4").json["partners"]
    assert [partner["token"] for partner in partners] == np.argsort(-scores)[:4].tolist()
    found = np.array([partner["score"] for partner in partners])
    assert np.abs(found - np.sort(scores)[::-1][:4]).max() < 1e-5


def test_ten_partners_are_returned_by_default(client: CheckedClient) -> None:
    address = f"{BASE}/text/heads/0/0/neighbours/0"
    assert len(client.get(address).json["partners"]) == 10
    assert len(client.get(f"{address}?k=1000").json["partners"]) == TEXT.n_tokens


ODD = ["-1", "NaN", "1e3", "0x1", str(10**30), "9" * 4000, "1.0", "", "%20", "null", "+1", "٣"]


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize(
    "path",
    [
        "attention/0?weight={}",
        "aggregate?length={}",
        "aggregate?length=3&weight={}",
        "neighbours/0?k={}",
        "attention/0?v={}",
    ],
)
def test_invalid_parameters_are_400(client: CheckedClient, path: str, value: str) -> None:
    response = client.get(f"{BASE}/text/heads/0/0/{path.format(value)}")
    assert response.status_code == 400


@pytest.mark.parametrize("value", [value for value in ODD if value])
@pytest.mark.parametrize(
    "path", ["{}/0/attention/0", "0/{}/norms", "0/0/attention/{}", "0/0/neighbours/{}"]
)
def test_invalid_parts_of_the_path_are_404(client: CheckedClient, path: str, value: str) -> None:
    assert client.get(f"{BASE}/text/heads/{path.format(value)}").status_code == 404


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("2/0/norms", "head_out_of_range"),
        ("0/2/attention/0", "head_out_of_range"),
        ("0/0/attention/9999", "not_found"),
        (f"0/0/neighbours/{2 * TEXT.n_tokens}", "not_found"),
    ],
)
def test_heads_and_sequences_out_of_range_are_404(
    client: CheckedClient, path: str, code: str
) -> None:
    response = client.get(f"{BASE}/text/heads/{path}")
    assert (response.status_code, response.json["error"]["code"]) == (404, code)


@pytest.mark.parametrize("query", ["length=0", "length=1025", "length=1000", "", "k=0"])
def test_a_length_that_no_sequence_has_is_400(client: CheckedClient, query: str) -> None:
    assert client.get(f"{BASE}/text/heads/0/0/aggregate?{query}").status_code == 400


@pytest.mark.parametrize("query", ["k=0", "k=1001", "k=5&k=6", "K=5"])
def test_too_many_partners_are_400(client: CheckedClient, query: str) -> None:
    assert client.get(f"{BASE}/text/heads/0/0/neighbours/0?{query}").status_code == 400


def test_a_sequence_that_is_too_long_is_refused_before_it_is_computed(
    client: CheckedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head_attention, "MAX_SEQUENCE", 40)
    response = client.get(f"{BASE}/image/heads/0/0/attention/0")
    assert response.status_code == 400
    assert "50 tokens" in response.json["error"]["message"]
    assert client.get(f"{BASE}/image/heads/0/0/aggregate?length=9").status_code == 400


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, 3e38])
def test_non_finite_vectors_are_damage(tmp_path: Path, value: float) -> None:
    spec = FakeSpec("odd", maps=("pca-2d",))
    odd = npy_bytes(np.full((spec.n_tokens, spec.d_head), value, dtype=np.float32))
    republish(write_fake_dataset(tmp_path, spec), {"L00H00/queries.npy": odd})
    client = make_app(tmp_path).test_client()
    for path in ("attention/0", "neighbours/0", "aggregate?length=3"):
        response = client.get(f"{BASE}/odd/heads/0/0/{path}")
        assert response.json["error"]["code"] == "dataset_damaged"
        assert "layer 0, head 0" in response.json["error"]["message"]


def test_one_image_is_one_sequence(client: CheckedClient) -> None:
    pattern = array_of(client.get(f"{BASE}/image/heads/1/1/attention/1"))
    assert pattern.shape == (IMAGE.n_tokens // 2,) * 2
