"""Datasets without some of their queries and keys, held against the same ones with all."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.server.conftest import CAUSAL, TEXT, array_of, make_app
from tests.server.test_api_attention import BASE, span
from tests.support.checked_client import CheckedClient
from tests.support.fake_dataset import FakeSpec, make_corpus, write_fake_dataset

from attentionviz.store.verify import verify

TOKENS = {"n_tokens": 120, "sentence_lengths": (7, 40)}
SPECS = {spec.dataset_id: replace(spec, **TOKENS) for spec in (TEXT, CAUSAL)}
KEPT = 2
STORED = slice(1, 1 + KEPT)
ADDRESSES = [
    "heads/0/1/attention/1",
    "heads/0/1/aggregate?length=4",
    "heads/aggregate?length=4",
    "heads/attention/1",
    "heads/0/1/neighbours/3",
    "heads/0/1/token_scores",
    "heads/pairs?strong=1-2",
    "sequences/scores",
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("kept")
    written = {}
    for name, spec in SPECS.items():
        for choice, n in {"all": None, "sample": KEPT, "none": 0}.items():
            one = replace(spec, dataset_id=f"{name}-{choice}", kept_sequences=n)
            written[one.dataset_id] = write_fake_dataset(folder, one)
    return written


@pytest.fixture(scope="module")
def client(folders: dict[str, Path]) -> CheckedClient:
    return make_app(next(iter(folders.values())).parent).test_client()


def stored_tokens(spec: FakeSpec) -> np.ndarray:
    spans = [span(spec, i) for i in range(STORED.start, STORED.stop)]
    return np.concatenate([np.arange(one.start, one.stop) for one in spans])


def refused(client: CheckedClient, address: str) -> str:
    response = client.get(f"{BASE}/{address}")
    assert response.status_code == 404, address
    assert response.json["error"]["code"] == "vectors_not_stored"
    return str(response.json["error"]["message"])


def test_every_choice_is_whole(folders: dict[str, Path]) -> None:
    assert [problem for folder in folders.values() for problem in verify(folder)] == []


@pytest.mark.parametrize("address", ADDRESSES)
def test_without_vectors_what_needs_them_is_refused_in_a_sentence(
    client: CheckedClient, address: str
) -> None:
    words = refused(client, f"text-none/{address}")
    assert "text-none was built with --keep-vectors none" in words


@pytest.mark.parametrize("choice", ["sample", "none"])
@pytest.mark.parametrize("address", ["tokens", "heads", "heads/0/1", "similarity"])
def test_lists_and_facts_need_no_vectors(client: CheckedClient, choice: str, address: str) -> None:
    of_all = client.get(f"{BASE}/text-all/{address}").json
    assert client.get(f"{BASE}/text-{choice}/{address}").json == of_all


def test_heads_are_not_compared_with_those_of_a_dataset_without_vectors(
    client: CheckedClient,
) -> None:
    others = {
        choice: client.get(f"{BASE}/text-{choice}/heads/0/1/similar").json["others"]
        for choice in ("all", "sample", "none")
    }
    assert others == {"all": ["text-sample"], "sample": ["text-all"], "none": []}
    words = refused(client, "text-all/heads/0/1/similar?with=text-none")
    assert "similarity to heads of another dataset cannot be shown" in words


@pytest.mark.parametrize("name", list(SPECS))
def test_attention_of_a_stored_sequence_is_the_same(client: CheckedClient, name: str) -> None:
    for i in range(STORED.start, STORED.stop):
        found, wanted = (
            array_of(client.get(f"{BASE}/{name}-{choice}/heads/0/1/attention/{i}"))
            for choice in ("sample", "all")
        )
        assert np.array_equal(found, wanted)
    for i in (0, STORED.stop):
        words = refused(client, f"{name}-sample/heads/0/1/attention/{i}")
        assert f"sequence {i} cannot be shown" in words


@pytest.mark.parametrize("name", list(SPECS))
@pytest.mark.parametrize(
    ("address", "of_tokens"), [("heads/0/1/token_scores", True), ("sequences/scores", False)]
)
def test_numbers_of_other_tokens_and_sequences_are_missing(
    client: CheckedClient, name: str, address: str, of_tokens: bool
) -> None:
    responses = [client.get(f"{BASE}/{name}-{choice}/{address}") for choice in ("sample", "all")]
    found, wanted = map(array_of, responses)
    rows = np.arange(STORED.start, STORED.stop)
    rows = stored_tokens(SPECS[name]) if of_tokens else rows
    assert np.array_equal(found[rows], wanted[rows], equal_nan=True)
    assert np.isnan(np.delete(found, rows, axis=0)).all()
    assert responses[0].headers["X-Sequences"] == str(KEPT)


def test_a_mean_is_of_the_stored_sequences_that_are_long_enough(client: CheckedClient) -> None:
    lengths = np.array(make_corpus(SPECS["text"]).lengths)
    length = int(lengths[STORED].min())
    patterns = [
        array_of(client.get(f"{BASE}/text-all/heads/0/1/attention/{i}"))[:length, :length]
        for i in range(STORED.start, STORED.stop)
    ]
    response = client.get(f"{BASE}/text-sample/heads/0/1/aggregate?length={length}")
    assert np.abs(array_of(response) - np.mean(patterns, axis=0)).max() < 1e-6
    assert response.headers["X-Sequences"] == str(KEPT)
    assert response.headers["X-Sequences-Total"] == str((lengths >= length).sum())
    longest = int(lengths.max())
    if longest > lengths[STORED].max():
        refused(client, f"text-sample/heads/0/1/aggregate?length={longest}")


@pytest.mark.parametrize("name", list(SPECS))
def test_partners_are_the_strongest_of_the_stored_tokens(client: CheckedClient, name: str) -> None:
    stored = stored_tokens(SPECS[name])
    n = make_corpus(SPECS[name]).n_tokens
    for point in (int(stored[3]), n + int(stored[5])):
        found, every = (
            client.get(f"{BASE}/{name}-{choice}/heads/0/1/neighbours/{point}?k={k}").json[
                "partners"
            ]
            for choice, k in (("sample", 5), ("all", 100))
        )
        wanted = [partner for partner in every if partner["token"] in stored][:5]
        assert found[: len(wanted)] == wanted
    assert "token 0" in refused(client, f"{name}-sample/heads/0/1/neighbours/0")


def test_a_pair_is_compared_with_the_stored_keys(client: CheckedClient) -> None:
    stored = stored_tokens(SPECS["text"])
    answer = client.get(f"{BASE}/text-sample/heads/pairs?strong={stored[2]}-{stored[9]}").json
    assert answer["n_keys"] == len(stored)
    assert answer["n_keys_total"] == make_corpus(SPECS["text"]).n_tokens
    assert "pair 0-1" in refused(client, "text-sample/heads/pairs?strong=0-1")
