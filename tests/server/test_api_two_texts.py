"""Encoder, decoder and cross heads over two texts, against plain loops over the stored vectors."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.server.conftest import array_of, make_app
from tests.server.test_api_attention import BASE, plain_pattern, vectors
from tests.server.test_api_live import OWN
from tests.support.checked_client import CheckedClient
from tests.support.fake_dataset import (
    FakeSpec,
    as_former,
    make_corpus,
    stored_tokens,
    with_tokens,
    write_fake_dataset,
)

SPEC = FakeSpec("two-texts", n_layers=3, has_two_texts=True, maps=("biplot-2d",), seed=4)
PARTS = ("encoder", "decoder", "cross")
# Sums of eight float32 products in another order.
TOLERANCE = 2e-6


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    write_fake_dataset(folder, SPEC)
    return folder


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[CheckedClient]:
    with make_app(folder).test_client() as client:
        yield client


def texts_of(sequence: int) -> tuple[range, range]:
    """Return the source and the target tokens of a sequence."""
    corpus = make_corpus(SPEC)
    start, n = corpus.starts[sequence], corpus.lengths[sequence]
    end_of_source = start + corpus.tokens["sequences"]["n_source"][sequence]
    return range(start, end_of_source), range(end_of_source, start + n)


def sides_of(layer: int, sequence: int) -> tuple[range, range]:
    """Return the tokens with queries and with keys in a layer."""
    source, target = texts_of(sequence)
    return {0: (source, source), 1: (target, target), 2: (target, source)}[layer]


def slow_pattern(folder: Path, layer: int, head: int, sequence: int) -> np.ndarray:
    """Return the pattern of all tokens of a sequence, 0 where there is no query or key."""
    queries, keys, _ = vectors(folder, SPEC, layer, head)
    own, others = sides_of(layer, sequence)
    source, target = texts_of(sequence)
    spec = FakeSpec(is_causal=layer == 1)
    whole = np.zeros((len(source) + len(target),) * 2)
    found = plain_pattern(spec, queries[list(own)], keys[list(others)])
    whole[np.ix_(np.array(own) - source[0], np.array(others) - source[0])] = found
    return whole


def test_tokens_and_layers_name_both_texts(client: CheckedClient) -> None:
    manifest = client.get(f"{BASE}/two-texts").json["manifest"]
    assert [row["part"] for row in manifest["layers"]] == list(PARTS)
    tokens = client.get(f"{BASE}/two-texts/tokens").json
    sequences = tokens["sequences"]
    assert len(sequences["n_source"]) == len(sequences["target_text"]) == manifest["n_sequences"]
    for sequence in range(manifest["n_sequences"]):
        for text in texts_of(sequence):
            assert [tokens["position"][i] for i in text] == list(range(len(text)))


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_a_pattern_has_weights_from_the_queries_to_the_keys_of_its_part(
    client: CheckedClient, folder: Path, layer: int
) -> None:
    for sequence in (0, 1):
        expected = slow_pattern(folder, layer, 1, sequence)
        url = f"{BASE}/two-texts/heads/{layer}/1/attention/{sequence}"
        found = array_of(client.get(url))
        assert np.abs(found - expected).max() < TOLERANCE
        own, _ = sides_of(layer, sequence)
        weighted = array_of(client.get(f"{url}?weight=output")).sum(axis=1)
        has_query = np.isin(np.arange(len(found)) + texts_of(sequence)[0][0], own)
        assert np.allclose(weighted, has_query, atol=TOLERANCE)
        every = array_of(client.get(f"{BASE}/two-texts/heads/attention/{sequence}"))
        assert np.abs(every[layer, 1] - expected).max() < TOLERANCE


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_means_and_token_scores_are_over_the_tokens_of_a_part(
    client: CheckedClient, folder: Path, layer: int
) -> None:
    n_sequences = len(make_corpus(SPEC).lengths)
    n = min(len(text) for i in range(n_sequences) for text in texts_of(i))
    blocks = []
    scores = np.full((make_corpus(SPEC).n_tokens, 2), np.nan)
    for sequence in range(n_sequences):
        (start, *_), _ = texts_of(sequence)
        pattern = slow_pattern(folder, layer, 0, sequence)
        own, others = (np.array(side) for side in sides_of(layer, sequence))
        part = pattern[np.ix_(own - start, others - start)]
        blocks.append(part[:n, :n])
        scores[own, 0] = part.max(axis=1)
        scores[others, 1] = part.sum(axis=0) * len(others) / len(own)
    url = f"{BASE}/two-texts/heads/{layer}/0"
    mean = array_of(client.get(f"{url}/aggregate?length={n}"))
    assert np.abs(mean - np.mean(blocks, axis=0)).max() < TOLERANCE
    found = array_of(client.get(f"{url}/token_scores"))
    np.testing.assert_allclose(found, scores, atol=1e-5)
    means = array_of(client.get(f"{BASE}/two-texts/sequences/scores?layer={layer}&head=0"))
    assert np.isfinite(means).all()


def test_partners_are_existing_points_only(client: CheckedClient, folder: Path) -> None:
    source, target = texts_of(0)
    n = make_corpus(SPEC).n_tokens
    sides = [
        [list(texts_of(i)[side]) for i in range(len(make_corpus(SPEC).lengths))] for side in (0, 1)
    ]
    of_source, of_target = (np.concatenate(tokens) for tokens in sides)
    queries, keys, _ = vectors(folder, SPEC, 2, 0)
    url = f"{BASE}/two-texts/heads/2/0/neighbours"
    found = client.get(f"{url}/{target[0]}?k=3").json["partners"]
    expected = of_source[np.argsort(-(keys[of_source] @ queries[target[0]]))[:3]]
    assert [one["token"] for one in found] == expected.tolist()
    found = client.get(f"{url}/{n + source[0]}?k=3").json["partners"]
    expected = of_target[np.argsort(-(queries[of_target] @ keys[source[0]]))[:3]]
    assert [one["token"] for one in found] == expected.tolist()
    for point, kind in ((source[0], "query"), (n + target[0], "key")):
        answer = client.get(f"{url}/{point}")
        assert answer.status_code == 404
        assert f"X0, head 0 has no {kind} of token {point % n}" in answer.json["error"]["message"]


def test_pairs_rank_the_heads_that_have_them(client: CheckedClient, folder: Path) -> None:
    source, target = texts_of(0)
    across, within = f"{target[1]}-{source[0]}", f"{target[1]}-{target[0]}"
    answer = client.get(f"{BASE}/two-texts/heads/pairs?strong={across}&weak={within}").json
    assert [head["layer"] for head in answer["heads"]] == [1, 1, 2, 2]
    for head in answer["heads"]:
        pattern = slow_pattern(folder, head["layer"], head["head"], 0)
        key = source[0] if head["layer"] == 2 else target[0]
        own = [pair for pair in head["pairs"] if pair is not None]
        assert [pair is None for pair in head["pairs"]] == [head["layer"] == 1, head["layer"] == 2]
        weight = pattern[target[1] - source[0], key - source[0]]
        assert own[0]["weight"] == pytest.approx(weight, abs=TOLERANCE)


def test_a_head_is_compared_with_heads_of_its_part(client: CheckedClient) -> None:
    similar = client.get(f"{BASE}/two-texts/heads/2/0/similar").json["heads"]
    assert [(one["layer"], one["head"]) for one in similar] == [(2, 1)]
    for head in client.get(f"{BASE}/two-texts/similarity").json["heads"]:
        assert [one["layer"] for one in head["nearest"]] == [head["layer"]]


def test_scores_say_which_heads_they_are_defined_for(client: CheckedClient) -> None:
    texts = {score["name"]: score["texts"] for score in client.get(BASE).json["scores"]}
    assert (texts["previous"], texts["diagonality"], texts["entropy"]) == (1, 2, None)
    scores = client.get(f"{BASE}/two-texts/heads/2/0").json["scores"]
    assert scores["previous"]["value"] is None
    assert scores["diagonality"]["value"] is not None


@pytest.mark.parametrize(
    ("sources", "reason"),
    [(None, "n_source has no list"), ("all", "no source or target tokens")],
)
def test_tokens_without_two_texts_are_damaged(
    tmp_path: Path, sources: str | None, reason: str
) -> None:
    folder = write_fake_dataset(tmp_path, SPEC)
    tokens = stored_tokens(folder)
    if sources is None:
        del tokens["sequences"]["n_source"]
    else:
        tokens["sequences"]["n_source"] = tokens["sequences"]["length"]
    (as_former if sources is None else with_tokens)(folder, tokens)
    with make_app(tmp_path).test_client() as client:
        answer = client.get(f"{BASE}/two-texts/tokens")
    assert answer.status_code == 500
    assert reason in answer.json["error"]["message"]


def test_a_typed_text_is_refused_since_it_has_no_target(client: CheckedClient) -> None:
    answer = client.post(f"{BASE}/two-texts/text", json={"text": "in april"}, headers=OWN)
    assert answer.status_code == 400
    assert "a source and a target text in each sequence" in answer.json["error"]["message"]
