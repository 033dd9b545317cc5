"""Checks that an added projection and head score reach every layer, for `test_recipes.py`."""

from pathlib import Path

import numpy as np
import pytest
from tests.support.checked_client import CheckedClient
from tests.support.extension_plugin import METHOD, SCORE
from tests.support.fake_dataset import FakeSpec, write_fake_dataset

import attentionviz
from attentionviz.commands.main import main, make_parser
from attentionviz.pipeline.request import BuildRequest
from attentionviz.projections import nearness
from attentionviz.server.app import create_app
from attentionviz.settings.settings import Settings

MAP = f"{METHOD}-2d"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_fake_dataset(tmp_path_factory.mktemp("data"), FakeSpec("text", n_tokens=40))


@pytest.fixture
def client(folder: Path) -> CheckedClient:
    settings = Settings(data_dir=folder.parent, allow_jobs=True)
    app = create_app(settings)
    app.test_client_class = CheckedClient
    return app.test_client()


def test_commands_take_the_method_and_builds_make_its_maps(tmp_path: Path) -> None:
    command = ["build", "--model", "demo-bert", "--text", "a.txt", "--method", METHOD]
    assert make_parser().parse_args(command).method == [METHOD]
    request = BuildRequest(model="m", output=tmp_path, text=tmp_path / "a.txt")
    assert MAP in [str(name) for group in request.task_groups() for name in group]


def test_a_larger_product_of_its_coordinates_is_nearer() -> None:
    found = nearness(METHOD, np.array([[1.0, 0.0]]), np.array([[1.0, 0.0], [9.0, 9.0]]))
    assert found.tolist() == [[1.0, 9.0]]


def test_the_api_names_both_with_their_words(client: CheckedClient) -> None:
    listed = client.get("/api/v1/datasets").json
    method = next(m for m in listed["methods"] if m["name"] == METHOD)
    assert method["label"] == "Invented axes"
    assert next(s for s in listed["scores"] if s["name"] == SCORE)["label"] == "Invented share"
    assert client.get("/api/v1/datasets/text").json["nearness"][MAP] == "product"
    assert METHOD in str(client.get("/api/v1/jobs/options").json)


def test_the_api_sends_its_maps_and_scores(client: CheckedClient) -> None:
    assert client.get(f"/api/v1/datasets/text/projections/{MAP}").status_code == 200
    heads = client.get("/api/v1/datasets/text/heads").json
    assert all(heads["maps"][MAP]["is_ready"])
    assert min(heads["scores"][SCORE]["n_rows"]) > 0


def test_a_notebook_and_info_have_both(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = attentionviz.open(folder)
    assert dataset.projection(0, 0, METHOD).keys.shape == (40, 2)
    assert dataset.scores().values[SCORE].shape == (2, 2)
    assert main(["info", "text", "--scores", "--data-dir", str(folder.parent)]) == 0
    said = capsys.readouterr().out
    assert MAP in said
    assert SCORE in said
