"""Heads by pairs, against plain loops over the stored vectors."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import percentileofscore, rankdata
from tests.server.conftest import SPECS, client_of_broken_keys
from tests.server.test_api_attention import BASE, plain_pattern, span, vectors
from tests.support.checked_client import CheckedClient
from tests.support.fake_dataset import (
    FakeSpec,
    make_corpus,
)

from attentionviz.analysis import pairs

STRONG, WEAK = [(3, 5), (3, 40), (5, 3)], [(0, 0), (20, 1)]
QUERY = "strong=3-5,3-40,5-3&weak=0-0,20-1"
# Sums of eight float32 products in another order; float16 vectors are the same in both.
TOLERANCE = 2e-6


def sequence_of(spec: FakeSpec, token: int) -> int:
    return int(np.searchsorted(make_corpus(spec).starts, token, side="right")) - 1


@pytest.mark.parametrize("name", ["text", "causal", "image"])
def test_pair_numbers_of_every_head_equal_plain_loops(
    client: CheckedClient, data_dir: Path, name: str
) -> None:
    spec = SPECS[name]
    for _ in range(2):  # computed, then kept
        answer = client.get(f"{BASE}/{name}/heads/pairs?{QUERY}").json
        assert [(head["layer"], head["head"]) for head in answer["heads"]] == spec.head_ids
        assert answer["n_keys"] == answer["n_keys_total"] == make_corpus(spec).n_tokens
        for head in answer["heads"]:
            queries, keys, _ = vectors(data_dir, spec, head["layer"], head["head"])
            wished = []
            for (query, key), found in zip(STRONG + WEAK, head["pairs"], strict=True):
                scores = keys @ queries[query] * spec.d_head**-0.5
                assert abs(found["score"] - scores[key]) < 1e-5
                assert found["rank"] == rankdata(-scores, method="min")[key]
                percentile = percentileofscore(scores, scores[key], kind="mean") / 100
                assert abs(found["percentile"] - percentile) < 1e-6
                wished.append(percentile if (query, key) in STRONG else 1 - percentile)
            assert abs(head["fit"] - np.mean(wished)) < 1e-6


@pytest.mark.parametrize("name", ["text", "causal", "image"])
def test_a_weight_equals_the_pattern_and_is_null_for_hidden_keys(
    client: CheckedClient, data_dir: Path, name: str
) -> None:
    spec = SPECS[name]
    answer = client.get(f"{BASE}/{name}/heads/pairs?{QUERY}").json
    n_unseen = 0
    for i, (query, key) in enumerate(STRONG + WEAK):
        sequence = sequence_of(spec, query)
        is_same = sequence == sequence_of(spec, key)
        assert answer["pairs"][i]["is_same_sequence"] is is_same
        for head in answer["heads"]:
            weight = head["pairs"][i]["weight"]
            queries, keys, _ = vectors(data_dir, spec, head["layer"], head["head"])
            at = span(spec, sequence)
            row = plain_pattern(spec, queries[at], keys[at])[query - at.start]
            if not is_same or row[key - at.start] == 0:
                assert weight is None
                n_unseen += 1
            else:
                assert abs(weight - row[key - at.start]) < TOLERANCE
    # 3-40 lies across sequences but in an image; a causal query sees no later key, none beyond 5.
    assert n_unseen > 0 or name == "image"


def test_a_causal_query_has_a_score_but_no_weight_for_a_later_key(
    client: CheckedClient,
) -> None:
    answer = client.get(f"{BASE}/causal/heads/pairs?strong=3-5,5-3,6-0").json
    assert [pair["is_same_sequence"] for pair in answer["pairs"]] == [True] * 3
    for head in answer["heads"]:
        later, earlier, far = head["pairs"]
        assert later["weight"] is None
        assert far["weight"] is None  # six positions back, where five are seen
        assert earlier["weight"] > 0
        assert later["score"] != 0


def test_the_fits_of_a_wish_and_its_opposite_sum_to_one(client: CheckedClient) -> None:
    strong, weak = (
        client.get(f"{BASE}/text/heads/pairs?{wish}=12-40,3-9").json["heads"]
        for wish in ("strong", "weak")
    )
    for a, b in zip(strong, weak, strict=True):
        assert a["fit"] + b["fit"] == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ("", "0 pairs are given"),
        ("strong=", "such as|like"),
        ("strong=1", "1 to 20 pairs"),
        ("strong=1-2-3", "1 to 20 pairs"),
        ("strong=-1-2", "1 to 20 pairs"),
        ("strong=1-2,", "1 to 20 pairs"),
        ("strong=%EF%BC%91-2", "1 to 20 pairs"),
        ("strong=1-60", "key 60 is outside 0..59"),
        ("weak=60-1", "query 60 is outside 0..59"),
        ("strong=1-2,1-2", "the pair 1-2 is given more than once"),
        ("strong=1-2&weak=1-2", "the pair 1-2 is given more than once"),
        ("strong=1-2&strong=3-4", "strong is given more than once"),
        ("pairs=1-2", "unknown parameter"),
        ("strong=" + ",".join(f"0-{i}" for i in range(21)), "1 to 20 pairs"),
        (
            "strong=" + ",".join(f"0-{i}" for i in range(11)) + "&weak="
            + ",".join(f"1-{i}" for i in range(10)),
            "21 pairs",
        ),
    ],
)  # fmt: skip
def test_a_malformed_wish_is_refused_with_the_reason(
    client: CheckedClient, wish: str, words: str
) -> None:
    response = client.get(f"{BASE}/text/heads/pairs?{wish}")
    assert response.status_code == 400
    assert any(word in response.json["error"]["message"] for word in words.split("|"))


def test_twenty_pairs_are_answered(client: CheckedClient) -> None:
    wish = ",".join(f"{i}-{59 - i}" for i in range(20))
    answer = client.get(f"{BASE}/text/heads/pairs?weak={wish}").json
    assert [len(head["pairs"]) for head in answer["heads"]] == [20] * 4


def test_answers_are_cached_by_their_pairs(client: CheckedClient) -> None:
    address = f"{BASE}/text/heads/pairs?strong=1-2"
    first = client.get(address)
    headers = {"If-None-Match": first.headers["ETag"]}
    assert client.get(address, headers=headers).status_code == 304
    other = client.get(f"{BASE}/text/heads/pairs?weak=1-2", headers=headers)
    assert other.status_code == 200


def test_in_a_large_corpus_a_sample_of_keys_is_used_and_counted(
    client: CheckedClient, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = SPECS["text"]
    monkeypatch.setattr(pairs, "MAX_KEY_NUMBERS", 16 * 2 * 2 * spec.d_head)
    answer = client.get(f"{BASE}/text/heads/pairs?strong=7-59").json
    assert (answer["n_keys"], answer["n_keys_total"]) == (16, 60)
    # Eight blocks of two keys, the first at the beginning, the last at the end.
    starts = np.linspace(0, 58, 8).astype(int)
    compared = np.concatenate([[start, start + 1] for start in starts])
    for head in answer["heads"]:
        queries, keys, _ = vectors(data_dir, spec, head["layer"], head["head"])
        scores = keys @ queries[7] * spec.d_head**-0.5
        wanted = percentileofscore(scores[compared], scores[59], kind="mean") / 100
        assert abs(head["pairs"][0]["percentile"] - wanted) < 1e-6


def test_vectors_that_are_no_numbers_are_damage(tmp_path: Path) -> None:
    response = client_of_broken_keys(tmp_path).get(f"{BASE}/broken/heads/pairs?strong=1-2")
    assert response.status_code == 500
    assert "layer 1, head 0" in response.json["error"]["message"]
