"""One data folder with a dataset of every kind, and a client that checks every answer."""

from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from tests.support.checked_client import CheckedClient
from tests.support.fake_dataset import (
    FakeSpec,
    npy_bytes,
    republish,
    write_fake_building,
    write_fake_dataset,
)
from werkzeug.test import TestResponse

from attentionviz.server.app import create_app
from attentionviz.settings.settings import Settings

TEXT = FakeSpec("text")
CAUSAL = FakeSpec(
    "causal",
    n_layers=1,
    n_heads=4,
    n_key_heads=2,
    is_causal=True,
    max_distance=5,
    precision="float16",
    maps=("biplot-2d", "pca-3d"),
    seed=1,
)
IMAGE = FakeSpec("image", modality="image", n_tokens=100, maps=("pca-2d",), seed=2)
HALF = FakeSpec("half", seed=3)
SPECS = {spec.dataset_id: spec for spec in (TEXT, CAUSAL, IMAGE)}


def make_app(data_dir: Path, **settings: object) -> Flask:
    """Return an application over a data folder, with the client that checks every answer."""
    app = create_app(Settings(data_dir=data_dir, **settings))
    app.test_client_class = CheckedClient
    return app


READ_TOKEN = "read-token-of-the-tests-0123456789abcdef"  # noqa: S105 - of tests alone
JOBS_TOKEN = "jobs-token-of-the-tests-0123456789abcdef"  # noqa: S105 - of tests alone


def write_tokens(path: Path, *lines: str) -> Path:
    """Write a token file as it should be; by default with one token of each role."""
    lines = lines or (f"read {READ_TOKEN} ada", f"jobs {JOBS_TOKEN} grace")
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    path.chmod(0o600)
    return path


def bearer(token: str) -> dict[str, str]:
    """Return the header that sends a token."""
    return {"Authorization": f"Bearer {token}"}


def array_of(response: TestResponse) -> np.ndarray:
    """Return the array of an answer, after the headers were held against the bytes."""
    assert response.status_code == 200, response.text
    assert response.mimetype == "application/octet-stream"
    assert "Content-Encoding" not in response.headers
    shape = tuple(map(int, response.headers["X-Shape"].split(",")))
    dtype = np.dtype(response.headers["X-Dtype"]).newbyteorder("<")
    return np.frombuffer(response.data, dtype).reshape(shape)


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with datasets of text, of images, causal, half built, begun and damaged."""
    folder = tmp_path_factory.mktemp("built")
    for spec in SPECS.values():
        write_fake_dataset(folder, spec)
    write_fake_building(folder, HALF)
    begun = folder / ".staging" / "begun-0123456789ab"
    begun.mkdir()
    (begun / "progress.json").write_text('{"phase": "capture", "message": "reading vectors"}')
    damaged = write_fake_dataset(folder, FakeSpec("damaged", n_tokens=20, maps=("pca-2d",)))
    (damaged / "tokens/vocabulary.json").write_bytes(b"{}")
    (folder / "gone.current").write_text("gone@0123456789ab\n")
    return folder


@pytest.fixture(scope="session")
def app(data_dir: Path) -> Flask:
    """Return one application for all tests that change nothing."""
    return make_app(data_dir)


@pytest.fixture
def client(app: Flask) -> CheckedClient:
    """Return a client of `app`."""
    return app.test_client()


def client_of_broken_keys(data_dir: Path) -> CheckedClient:
    """Return a client of a new dataset "broken": a key of layer 1, head 0 is not a number."""
    folder = write_fake_dataset(data_dir, FakeSpec("broken", maps=("pca-2d",)))
    keys = np.load(folder / "L01H00" / "keys.npy")
    keys[30] = np.nan
    republish(folder, {"L01H00/keys.npy": npy_bytes(keys)})
    return make_app(data_dir).test_client()
