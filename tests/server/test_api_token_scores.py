"""Numbers of every token in one head, against plain NumPy."""

from pathlib import Path

import numpy as np
import pytest
from tests.server.conftest import SPECS, array_of
from tests.server.test_api_attention import BASE, TOLERANCE, plain_pattern, span, vectors
from tests.support.checked_client import CheckedClient
from tests.support.fake_dataset import make_corpus

from attentionviz.analysis import token_scores


@pytest.mark.parametrize("name", ["text", "causal", "image"])
def test_token_scores_are_largest_weights_and_column_sums(
    client: CheckedClient, data_dir: Path, name: str
) -> None:
    spec = SPECS[name]
    queries, keys, _ = vectors(data_dir, spec, 0, 1)
    wanted = []
    for i in range(len(make_corpus(spec).lengths)):
        pattern = plain_pattern(spec, queries[span(spec, i)], keys[span(spec, i)])
        wanted.append(np.stack([pattern.max(axis=1), pattern.sum(axis=0)], axis=1))
    for _ in range(2):  # computed, then kept
        response = client.get(f"{BASE}/{name}/heads/0/1/token_scores")
        assert np.abs(array_of(response) - np.concatenate(wanted)).max() < TOLERANCE
        assert response.headers["X-Sequences"] == response.headers["X-Sequences-Total"]


def test_token_scores_beyond_the_limit_are_missing_and_counted(
    client: CheckedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make_corpus(SPECS["text"]).lengths[0]
    monkeypatch.setattr(token_scores, "MAX_WEIGHTS", first * first)
    response = client.get(f"{BASE}/text/heads/1/1/token_scores")
    found = array_of(response)
    assert np.isfinite(found[:first]).all()
    assert np.isnan(found[first:]).all()
    assert response.headers["X-Sequences"] == "1"
