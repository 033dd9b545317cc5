"""160 ways to damage a dataset: each is found by verify, and nothing wrong is ever served."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from tests.support.damages import ALL, chosen
from tests.support.fake_dataset import FakeSpec, write_fake_dataset
from tests.support.figures import Bar

from attentionviz.pipeline.report import verification
from attentionviz.server.app import create_app
from attentionviz.settings.settings import Settings
from attentionviz.store.reader import DatasetLibrary

SPEC = FakeSpec("small", modality="image", n_layers=1, n_tokens=50, n_key_heads=1, maps=("pca-2d",))
N_DAMAGES = 160
BASE = "/api/v1/datasets/small"
HEAD = f"{BASE}/heads/0/1"
# Together they need every file of the dataset.
PATHS = (
    BASE,
    f"{BASE}/tokens",
    f"{BASE}/grid",
    f"{BASE}/grid/norms",
    f"{BASE}/heads",
    f"{BASE}/heads/aggregate?length=5",
    f"{BASE}/heads/attention/0",
    f"{BASE}/heads/pairs?strong=0-40",
    f"{BASE}/images/0",
    f"{BASE}/images/0/thumbnail",
    f"{BASE}/patches",
    f"{BASE}/projections/pca-2d",
    f"{BASE}/projections/best-2d",
    f"{BASE}/projections/pca-2d?layer=0&head=1",
    f"{BASE}/sequences/scores",
    f"{BASE}/similarity",
    f"{BASE}/heads/0/0",
    HEAD,
    f"{HEAD}/aggregate?length=5",
    f"{HEAD}/attention/0",
    f"{HEAD}/neighbours/3",
    f"{HEAD}/norms",
    f"{HEAD}/similar",
    f"{HEAD}/token_scores",
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the data folder of a whole dataset, which no test changes."""
    return write_fake_dataset(tmp_path_factory.mktemp("whole"), SPEC).parent


def answers(client: FlaskClient) -> dict[str, tuple[int, bytes]]:
    return {path: (a.status_code, a.data) for path in PATHS for a in [client.get(path)]}


def client_of(data_dir: Path) -> FlaskClient:
    app: Flask = create_app(Settings(data_dir=data_dir))
    return app.test_client()


def test_every_path_of_an_undamaged_dataset_is_answered(whole: Path) -> None:
    found = answers(client_of(whole))
    assert {path: status for path, (status, _) in found.items() if status != 200} == {}


def problems_with(name: str, whole: Path, data_dir: Path, seed: int) -> list[str]:
    """Damage a copy; return what is wrong with how it is dealt with."""
    shutil.copytree(whole, data_dir)
    folder = next(data_dir.glob("small@*"))
    ALL[name](folder, np.random.default_rng(seed))
    problems = []
    entries = DatasetLibrary(data_dir).list_datasets()
    verified = [verification(data_dir, entry) for entry in entries]
    if not verified or all(is_whole for _, is_whole in verified):
        problems.append("verify finds nothing")
    client = client_of(data_dir)
    good, found = answers(client_of(whole)), answers(client)
    is_republished = not (data_dir / folder.name).exists()
    for path, (status, body) in found.items():
        if status == 200 and not is_republished and body != good[path][1]:
            problems.append(f"{path} answers with something else")
        if status >= 500 and b"internal_error" in body:
            problems.append(f"{path} fails with an internal error")
    states = {one["id"]: one["state"] for one in client.get("/api/v1/datasets").json["datasets"]}
    if {status for status, _ in found.values()} == {200} and states["small"] == "complete":
        problems.append("the server shows it as if nothing were wrong")
    return problems


@pytest.mark.bar
def test_160_of_160_damages_are_detected(whole: Path, tmp_path: Path, bar: Bar) -> None:
    names = chosen(N_DAMAGES, seed=160)
    assert len(set(names)) == N_DAMAGES
    missed = {}
    for i, name in enumerate(names):
        data_dir = tmp_path / f"d{i}"
        if problems := problems_with(name, whole, data_dir, seed=i):
            missed[name] = problems
        shutil.rmtree(data_dir)
    assert missed == {}
    bar("damage", "damaged datasets that verify names and the server does not show",
        N_DAMAGES - len(missed), exactly=N_DAMAGES)  # fmt: skip
