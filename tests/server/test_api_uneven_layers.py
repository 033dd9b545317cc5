"""A dataset whose layers have different numbers of heads, or none: every answer about its heads."""

from pathlib import Path

import numpy as np
import pytest
from tests.server.conftest import array_of, make_app
from tests.support.checked_client import CheckedClient
from tests.support.fake_dataset import (
    FakeSpec,
    facts_of_heads,
    write_fake_building,
    write_fake_dataset,
)

from attentionviz.errors import HeadOutOfRangeError
from attentionviz.notebook.dataset import open_dataset
from attentionviz.store.verify import verify

OWN_HEADS = (0, 2, 0, 0, 3, 1)
HEADS = [(1, 0), (1, 1), (4, 0), (4, 1), (4, 2), (5, 0)]
SPEC = FakeSpec(
    "uneven",
    n_layers=6,
    n_heads=3,
    own_heads=OWN_HEADS,
    n_tokens=50,
    maps=("pca-2d",),
    has_terms=True,
)
HALF = FakeSpec(**{**vars(SPEC), "dataset_id": "half"})
BASE = "/api/v1/datasets/uneven"
EXISTS = np.arange(3) < np.array(OWN_HEADS)[:, None]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    write_fake_dataset(folder, SPEC)
    write_fake_building(folder, HALF, n_units_done=4)
    return folder


@pytest.fixture(scope="module")
def client(data_dir: Path) -> CheckedClient:
    return make_app(data_dir).test_client()


def test_heads_are_listed_and_compared_without_places_that_have_none(client: CheckedClient) -> None:
    heads = client.get(f"{BASE}/heads").get_json()
    assert list(zip(heads["layer"], heads["head"], strict=True)) == HEADS
    similar = client.get(f"{BASE}/similarity").get_json()["heads"]
    assert [(one["layer"], one["head"]) for one in similar] == HEADS
    nearest = client.get(f"{BASE}/heads/5/0/similar?k=9").get_json()["heads"]
    assert {(one["layer"], one["head"]) for one in nearest} == set(HEADS[:-1])
    ranked = client.get(f"{BASE}/heads/pairs?strong=3-2").get_json()["heads"]
    assert [(one["layer"], one["head"]) for one in ranked] == HEADS
    (entry,) = [
        one
        for one in client.get("/api/v1/datasets").get_json()["datasets"]
        if one["id"] == "uneven"
    ]
    assert (entry["n_heads"], entry["n_heads_total"]) == (3, 6)


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        ("0/0", "layer 0 has no heads: no softmax attention here"),
        ("1/2", "head 2 is outside 0..1 of layer 1"),
        ("4/3", "head 3 is outside 0..2"),
        ("6/0", "layer 6 is outside 0..5"),
    ],
)
def test_a_head_that_does_not_exist_is_404_with_the_reason(
    client: CheckedClient, head: str, reason: str
) -> None:
    for path in (f"heads/{head}", f"heads/{head}/attention/0", f"heads/{head}/neighbours/0"):
        answer = client.get(f"{BASE}/{path}")
        assert (answer.status_code, answer.get_json()["error"]["message"]) == (404, reason)


def test_arrays_over_all_heads_are_zero_in_places_without_a_head(client: CheckedClient) -> None:
    grid = client.get(f"{BASE}/projections/pca-2d")
    assert grid.headers["X-Ready"] == "".join(str(int(one)) for one in EXISTS.flat)
    attention = client.get(f"{BASE}/heads/attention/0")
    arrays = [array_of(grid), array_of(attention), array_of(client.get(f"{BASE}/grid/norms"))]
    arrays.append(array_of(client.get(f"{BASE}/grid/norms?scale=head")))
    for array in arrays:
        assert array.shape[:2] == (6, 3)
        assert np.array_equal(array.any(axis=tuple(range(2, array.ndim))), EXISTS)
    alone = array_of(client.get(f"{BASE}/heads/4/2/attention/0"))
    assert np.array_equal(array_of(attention)[4, 2], alone)


def test_a_build_serves_the_heads_that_are_ready(client: CheckedClient) -> None:
    ready = client.get("/api/v1/datasets/half/projections/pca-2d").headers["X-Ready"]
    assert ready == "".join("1" if at in HEADS[:4] else "0" for at in np.ndindex(6, 3))
    described = client.get("/api/v1/datasets/half").get_json()
    assert described["maps_ready"] == {"pca-2d": 4}


def test_the_files_are_complete_and_the_notebook_has_nan_where_there_is_no_head(
    data_dir: Path,
) -> None:
    folder = data_dir / (data_dir / "uneven.current").read_text().strip()
    assert verify(folder) == []
    dataset = open_dataset(folder)
    recall = dataset.fidelity("pca")["recall_at_10"]
    stored = {
        (one["layer"], one["head"]): one["maps"]["pca-2d"]["fidelity"]["recall_at_10"]
        for one in facts_of_heads(folder)
    }
    assert {at: recall[at] for at in HEADS} == stored
    scores = dataset.scores()
    assert np.array_equal(~np.isnan(recall), EXISTS)
    assert np.array_equal(scores.n_rows["previous"] > 0, EXISTS)
    with pytest.raises(HeadOutOfRangeError, match="layer 3 has no heads: no softmax attention"):
        dataset.vectors(3, 0)
