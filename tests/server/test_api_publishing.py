"""What a page is told while the dataset that it shows is published: the old state or the new."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.server.conftest import make_app
from tests.support.checked_client import CheckedClient
from tests.support.fake_dataset import FakeSpec
from tests.support.stepped_publication import (
    SteppedPublication,
    publish_build,
    write_finished_build,
)

SPEC = FakeSpec("moving", modality="image", n_tokens=100, maps=("pca-2d", "biplot-2d"))
LIST, DATASET = "/api/v1/datasets", "/api/v1/datasets/moving"
PATHS = [
    *("/tokens", "/heads", "/grid", "/grid/norms", "/patches", "/similarity"),
    *("/images/0", "/images/1/thumbnail", "/projections/pca-2d", "/projections/best-2d"),
    *("/projections/biplot-2d?layer=1&head=0", "/heads/1/0/norms"),
    "/heads/aggregate?length=20",
    "/heads/attention/1",
    *("/heads/1/0/attention/1", "/heads/1/0/aggregate?length=20", "/heads/1/0/neighbours/3"),
    *("/heads/1/0/token_scores", "/heads/1/0/similar", "/sequences/scores"),
]
# Each once led to an answer that was neither.
SEEDS = (2, 10, 20, 21, 31, 35, 61, 87)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with a build of which only the publication lacks."""
    data_dir = tmp_path_factory.mktemp("finished")
    write_finished_build(data_dir, SPEC)
    return data_dir


def copy_of(data_dir: Path, folder: Path) -> Path:
    return Path(shutil.copytree(data_dir, folder, copy_function=os.link))


def answer(client: CheckedClient, path: str) -> tuple[int, Any]:
    found = client.get(f"{DATASET}{path}")
    if found.status_code != 200:
        return found.status_code, found.json["error"]["code"]
    return 200, found.json if found.is_json else found.data


@pytest.fixture(scope="module")
def allowed(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """Return what may be answered to each question: what is before, and what is after."""
    data_dir = copy_of(finished, tmp_path_factory.mktemp("allowed") / "built")
    before = {path: answer(make_app(data_dir).test_client(), path) for path in PATHS}
    publish_build(data_dir)
    after = {path: answer(make_app(data_dir).test_client(), path) for path in PATHS}
    assert {path: found for path, found in after.items() if found[0] != 200} == {}
    assert {path for path in PATHS if before[path][0] != 200} == {
        "/similarity",
        "/heads/1/0/similar",
    }
    return {path: [before[path], after[path]] for path in PATHS}


@pytest.mark.parametrize("seed", SEEDS)
def test_every_request_during_a_publication_sees_the_old_or_the_new_state(
    finished: Path, allowed: dict[str, list[Any]], tmp_path: Path, seed: int
) -> None:
    data_dir = copy_of(finished, tmp_path / "built")
    client = make_app(data_dir).test_client()
    with SteppedPublication(data_dir, seed).between_looks() as publication:
        for path in PATHS[seed % 5 :]:
            assert answer(client, path) in allowed[path], (path, answer(client, path))
            (listed,) = client.get(LIST).json["datasets"]
            described = client.get(DATASET)
            assert described.status_code == 200
            for facts in (listed, described.json):
                assert facts["state"] in ("building", "complete")
            assert listed["n_tokens"] == described.json["manifest"]["n_tokens"] == SPEC.n_tokens
            assert set(described.json["maps_ready"].values()) == {len(SPEC.head_ids)}
            if publication.is_over:
                break
    assert publication.error is None
    assert client.get(LIST).json["datasets"][0]["state"] == "complete"
