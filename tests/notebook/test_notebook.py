"""A dataset in Python: arrays with names, and the page in a cell."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from html import unescape
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType

import numpy as np
import pytest
from tests.conftest import TinyDataset
from tests.support.fake_dataset import FakeSpec, write_fake_dataset
from tests.support.hostile_dataset import COLUMNS, write_hostile_datasets
from tests.support.hostile_strings import STRINGS

import attentionviz
from attentionviz.errors import (
    DatasetNotFoundError,
    HeadOutOfRangeError,
    InvalidRequestError,
    MethodNotFoundError,
    NotFoundError,
    NotReadyError,
    VectorsNotStoredError,
)
from attentionviz.notebook.cell import PageCell
from attentionviz.notebook.dataset import Dataset
from attentionviz.notebook.page_address import address_of, frame_origins


@pytest.fixture
def dataset(tiny_dataset: TinyDataset) -> Dataset:
    return attentionviz.open(tiny_dataset.folder)


def test_a_dataset_is_opened_by_its_folder_with_or_without_version_and_by_its_id(
    tiny_dataset: TinyDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTENTIONVIZ_DATA_DIR", str(tiny_dataset.data_dir))
    names = [
        tiny_dataset.folder,
        str(tiny_dataset.data_dir / tiny_dataset.dataset_id),
        tiny_dataset.data_dir / f"{tiny_dataset.dataset_id}.current",
        tiny_dataset.dataset_id,
    ]
    found = [attentionviz.open(name) for name in names]
    assert len({repr(one) for one in found}) == 1
    assert "tiny-text" in repr(found[0]) and "2 layers x 2 heads" in repr(found[0])


def test_a_relative_folder_is_that_of_the_working_directory(
    tiny_dataset: TinyDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tiny_dataset.data_dir)
    assert attentionviz.open(tiny_dataset.folder.name).n_layers == 2
    monkeypatch.chdir(tiny_dataset.data_dir.parent)
    assert attentionviz.open(f"{tiny_dataset.data_dir.name}/tiny-text").n_layers == 2


def test_a_missing_dataset_is_named_with_the_available_ones(tiny_dataset: TinyDataset) -> None:
    with pytest.raises(DatasetNotFoundError, match=r"no dataset 'other' in .*available: tiny-text"):
        attentionviz.open(tiny_dataset.data_dir / "other")
    with pytest.raises(DatasetNotFoundError, match="available: none"):
        attentionviz.open(tiny_dataset.data_dir / "nowhere" / "other")


def test_a_dataset_that_is_still_being_built_is_refused(tmp_path: Path) -> None:
    from tests.support.fake_dataset import FakeSpec, write_fake_building

    write_fake_building(tmp_path, FakeSpec("growing", n_tokens=40), n_units_done=1)
    with pytest.raises(NotReadyError, match="growing is still being built"):
        attentionviz.open(tmp_path / "growing")


def test_tokens_and_arrays_share_their_axis(dataset: Dataset) -> None:
    tokens = dataset.tokens
    n = dataset.n_tokens
    assert {column.shape for column in tokens if column is not None} == {(n,)}
    assert dataset.vectors(0, 1).queries.shape == (n, dataset.d_head)
    assert dataset.keys(1, 0).dtype == np.float32
    assert tokens.sequence.max() == dataset.n_sequences - 1 == len(dataset.texts) - 1
    assert set(tokens.token_type) == {"text", "special"}
    assert tokens.row is None


def test_vectors_that_are_not_stored_are_missing(tmp_path: Path) -> None:
    few = FakeSpec("few", n_tokens=60, kept_sequences=1)
    found = attentionviz.open(write_fake_dataset(tmp_path, few))
    of_stored = found.has_vectors[found.tokens.sequence]
    assert np.array_equal(np.isfinite(found.queries(0, 1)).all(axis=1), of_stored)
    assert found.pattern(0, 1, 1).shape == (of_stored.sum(),) * 2
    with pytest.raises(VectorsNotStoredError, match="sequence 0 cannot be shown"):
        found.pattern(0, 1, 0)
    none = FakeSpec("none", n_tokens=60, kept_sequences=0)
    with pytest.raises(VectorsNotStoredError, match="stores no queries and keys"):
        attentionviz.open(write_fake_dataset(tmp_path, none)).vectors(0, 1)


def test_patches_have_a_row_and_a_column(tiny_image_dataset: TinyDataset) -> None:
    tokens = attentionviz.open(tiny_image_dataset.folder).tokens
    assert tokens.row is not None
    assert tokens.column is not None
    is_patch = np.isin(tokens.token_type, ["patch"])
    assert tokens.row[~is_patch].max() == -1
    assert sorted({(int(r), int(c)) for r, c in zip(tokens.row, tokens.column, strict=True)}) == [
        (-1, -1),
        *((row, column) for row in range(3) for column in range(3)),
    ]


def test_the_pattern_is_the_softmax_of_the_scores(dataset: Dataset) -> None:
    own = dataset.tokens.sequence == 2
    vectors = dataset.vectors(1, 0)
    scores = vectors.queries[own] @ vectors.keys[own].T * dataset.manifest["layers"][1]["scaling"]
    expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(dataset.pattern(1, 0, 2), expected, atol=1e-6)
    weighed = expected * dataset._reader.norms(attentionviz.notebook.dataset.HeadId(1, 0))[own, 2]
    weighed /= weighed.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(dataset.pattern(1, 0, 2, weight="value"), weighed, atol=1e-6)


def test_a_projection_reproduces_its_stored_fidelity(dataset: Dataset) -> None:
    points, vectors = dataset.projection(0, 1, "biplot"), dataset.vectors(0, 1)
    scores = vectors.queries @ vectors.keys.T
    tenth = np.sort(scores, axis=1)[:, [-10]]
    nearest = np.argsort(-(points.queries @ points.keys.T), axis=1)[:, :10]
    shares = np.take_along_axis(scores, nearest, axis=1) >= tenth - 1e-4  # ties count alike
    assert dataset.fidelity("biplot")["recall_at_10"][0, 1] == pytest.approx(np.mean(shares))
    assert dataset.projection(1, 1, "pca", dims=3).keys.shape == (dataset.n_tokens, 3)
    assert set(dataset.maps) == set(dataset.manifest["maps"])


def test_scores_are_those_of_the_dataset_with_their_row_counts(dataset: Dataset) -> None:
    scores = dataset.scores()
    assert {array.shape for array in [*scores.values.values(), *scores.n_rows.values()]} == {(2, 2)}
    pattern = [dataset.pattern(1, 0, i) for i in range(dataset.n_sequences)]
    diagonal = np.concatenate([weights.diagonal() for weights in pattern if len(weights) > 1])
    assert scores.values["self"][1, 0] == pytest.approx(diagonal.mean(), abs=1e-5)
    assert scores.n_rows["self"][1, 0] == len(diagonal)


def test_missing_heads_maps_sequences_and_weights_are_named(dataset: Dataset) -> None:
    with pytest.raises(HeadOutOfRangeError, match=r"head 2 is outside 0\.\.1"):
        dataset.queries(0, 2)
    with pytest.raises(HeadOutOfRangeError, match=r"layer -1 is outside 0\.\.1"):
        dataset.projection(-1, 0, "pca")
    with pytest.raises(MethodNotFoundError, match="unknown map 'sammon-2d'"):
        dataset.fidelity("sammon")
    with pytest.raises(NotFoundError, match=r"sequence 6 is outside 0\.\.5"):
        dataset.pattern(0, 0, 6)
    with pytest.raises(InvalidRequestError, match="weight is 'norm', not one of none, value"):
        dataset.pattern(0, 0, 0, weight="norm")
    with pytest.raises(InvalidRequestError, match="layer and head belong together"):
        dataset.show(layer=1)


def test_show_serves_the_page_with_the_view_in_its_address(dataset: Dataset) -> None:
    shown = dataset.show(1, 0, "pca", dims=3)
    assert shown.url.endswith("?dataset=tiny-text&method=pca&dims=3&layer=1&head=0")
    assert dataset.show().url.partition("?")[0] == shown.url.partition("?")[0]
    cell = shown._repr_html_()
    assert "&amp;method=pca&amp;" in cell and cell.count("<iframe") == 1
    with urllib.request.urlopen(shown.url) as answer:  # noqa: S310  # our own address
        policy = answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'self' http://localhost:* http://127.0.0.1:*" in policy
        assert answer.headers["X-Frame-Options"] is None


@pytest.fixture
def jupyter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Return a function that says what the Jupyter server of this kernel is like."""
    paths = ModuleType("jupyter_core.paths")
    paths.jupyter_runtime_dir = lambda: str(tmp_path)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "jupyter_core", ModuleType("jupyter_core"))
    monkeypatch.setitem(sys.modules, "jupyter_core.paths", paths)
    status = [404]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status[0] if self.path == "/base/proxy/8000/health" else 500)
            self.send_header("Location", "/base/login")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()

    def describe(hostname: str, *, answers: int) -> None:
        status[0] = answers
        url = f"http://127.0.0.1:{server.server_port}/base/"
        facts = {"base_url": "/base/", "url": url, "hostname": hostname}
        (tmp_path / "jpserver-7.json").write_text(json.dumps(facts), encoding="utf-8")

    yield describe
    server.shutdown()
    server.server_close()


LOCAL, PROXIED = "http://localhost:8000/secret/", "/base/proxy/8000/secret/"
SSH = {"SSH_CONNECTION": "10.0.0.9 50000 10.0.0.5 22"}
HUB = {"JUPYTERHUB_SERVICE_PREFIX": "/base/"}
KERNEL = {"JPY_PARENT_PID": "7"}
EDITOR = {"VSCODE_PROXY_URI": "https://{{port}}.code.example"}


@pytest.mark.parametrize(
    ("environment", "hostname", "answers", "url", "advice"),
    [
        ({}, "localhost", 302, LOCAL, None),
        (KERNEL, "localhost", 302, LOCAL, None),
        (KERNEL | {"VSCODE_PID": "1"} | SSH, "localhost", 302, LOCAL, None),
        (KERNEL, "0.0.0.0", 302, PROXIED, None),  # noqa: S104 - told, not bound
        (KERNEL | SSH, "localhost", 302, PROXIED, None),
        (KERNEL | SSH, "localhost", 403, PROXIED, None),
        (KERNEL | SSH, "localhost", 404, LOCAL, "ssh -N -L 8000:localhost:8000 ada@10.0.0.5"),
        (SSH, "localhost", 404, LOCAL, "ssh -N"),
        (KERNEL | HUB, "localhost", 302, PROXIED, None),
        (KERNEL | HUB, "localhost", 404, LOCAL, "pip install jupyter-server-proxy"),
        (HUB, "localhost", 404, LOCAL, "pip install jupyter-server-proxy"),
        (KERNEL | {"KAGGLE_KERNEL_RUN_TYPE": "x"}, "localhost", 404, LOCAL, "attentionviz export"),
        (EDITOR, "localhost", 404, "https://8000.code.example/secret/", None),
        ({"VSCODE_PROXY_URI": "./proxy/{{port}}"}, "localhost", 404, LOCAL, None),
    ],
)
def test_the_page_address_fits_the_host_of_the_notebook(
    jupyter: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    hostname: str,
    answers: int,
    url: str,
    advice: str | None,
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    monkeypatch.setattr("attentionviz.notebook.page_address.find_spec", lambda _: None)
    jupyter(hostname, answers=answers)
    place = address_of(8000, "secret/", environment)
    assert place.url == url
    assert (advice or "") in (place.advice or "") and bool(advice) == bool(place.advice)
    cell = PageCell(place, "dataset=a", 300)._repr_html_()
    assert cell.count("<iframe") == int(advice is None)
    assert (f'href="{url}?dataset=a"' in cell) == (advice is None or "ssh" in advice)


@pytest.mark.parametrize("works", [True, False])
def test_colab_is_asked_for_the_address_of_a_port(
    monkeypatch: pytest.MonkeyPatch, works: bool
) -> None:
    output = ModuleType("google.colab.output")
    known = {"google.colab.kernel.proxyPort(8000)": "https://8000-colab.example/"} if works else {}
    output.eval_js = known.__getitem__  # type: ignore[attr-defined]
    for module in (ModuleType("google"), ModuleType("google.colab"), output):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    place = address_of(8000, "secret/", {})
    assert (place.url == "https://8000-colab.example/secret/") == works
    assert (place.advice is None) == works
    assert "https:" in frame_origins({})


def test_importing_the_package_imports_nothing_more() -> None:
    code = "import sys, attentionviz; print(sorted({'numpy', 'flask'} & set(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert result.stdout.strip() == "[]"


def test_a_cell_contains_no_text_of_a_hostile_dataset(tmp_path: Path) -> None:
    write_hostile_datasets(tmp_path)
    cell = attentionviz.open(tmp_path / "hostile").show(1, 2, "pca")._repr_html_()
    assert "<iframe" in cell
    assert not [text for text in STRINGS if len(text) > 8 and text in unescape(cell)]
    assert not [name for name in COLUMNS if name in unescape(cell)]
