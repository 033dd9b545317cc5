"""A server on a free port, and a Chromium whose pages fail the test on any complaint."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright
from tests.browser.live_page import Live
from tests.support.fake_dataset import (
    FakeSpec,
    republish,
    write_fake_building,
    write_fake_dataset,
)
from tests.support.waiting import TIMEOUT_SECONDS
from waitress import wasyncore
from waitress.server import create_server

from attentionviz.server.app import create_app
from attentionviz.server.http.context import EXTENSION
from attentionviz.settings.settings import Settings

ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
# WebGL in software, for the tests of that renderer; the page draws without it, which is faster.
SOFTWARE_GPU = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
NO_GPU = ["--disable-gpu"]
# The same engine as Chromium's; a page opens in it at half the cost.
SHELL = "chromium-headless-shell"
TEXT = FakeSpec("words", n_layers=3, n_heads=4, n_tokens=300)
IMAGE = FakeSpec("pictures", modality="image", n_layers=2, n_heads=3, n_tokens=150, seed=2)
FEW_MAPS = FakeSpec("few-maps", n_tokens=60, maps=("pca-2d", "umap-3d"), seed=4, has_terms=True)
TWO_TEXTS = FakeSpec(
    "paired-texts", n_layers=3, n_tokens=90, maps=("pca-2d",), has_two_texts=True, seed=6
)
IMAGE_TEXT = FakeSpec(
    "image-texts",
    modality="image-text",
    n_layers=1,
    n_tokens=60,
    maps=("pca-2d",),
    patch_rows=3,
    patch_columns=4,
    is_causal=True,
    has_block=True,
    seed=3,
)
GROWING = FakeSpec("growing", n_layers=2, n_heads=3, n_tokens=80, seed=3)


TIMEOUT_MS = 1000 * TIMEOUT_SECONDS
expect.set_options(timeout=TIMEOUT_MS)


def pytest_collection_modifyitems(items: list[pytest.Item], config: pytest.Config) -> None:
    """Mark everything here as driving a browser, and let it fail once, unless it is debugged."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if not config.option.usepdb:
                item.add_marker(pytest.mark.flaky(reruns=1))


def find_chromium() -> str | None:
    """Return the Chromium of the system, or None to take Playwright's own."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    return None


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Return what drives browsers."""
    with sync_playwright() as made:
        yield made


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Return a Chromium with WebGL in software; a machine without Chromium skips, CI fails."""
    with launched(playwright, SOFTWARE_GPU) as browser:
        yield browser


@pytest.fixture(scope="session")
def chromium_without_gpu(playwright: Playwright) -> Iterator[Browser]:
    """Return a Chromium without WebGL; a machine without Chromium skips, CI fails."""
    with launched(playwright, NO_GPU) as browser:
        yield browser


@contextmanager
def launched(playwright: Playwright, arguments: list[str]) -> Iterator[Browser]:
    """Return a running Chromium; where there is one without a window around it, that one."""
    path = shutil.which(SHELL) or find_chromium()
    if path is None and not Path(playwright.chromium.executable_path).exists():
        message = "no Chromium: install the package chromium, or `playwright install chromium`"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(f"BROWSER TESTS DID NOT RUN: {message}")
    browser = playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, *arguments])
    try:
        yield browser
    finally:
        browser.close()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of datasets: text, images, both, two texts, few maps, and unusable ones."""
    folder = tmp_path_factory.mktemp("built")
    for spec in (TEXT, IMAGE, FEW_MAPS, TWO_TEXTS, IMAGE_TEXT):
        write_fake_dataset(folder, spec)
    write_fake_building(folder, GROWING, n_units_done=4)
    damaged = write_fake_dataset(folder, FakeSpec("damaged", n_tokens=20, maps=("pca-2d",)))
    (damaged / "tokens/vocabulary.json").write_bytes(b"{}")
    republish(
        write_fake_dataset(folder, FakeSpec("outdated", n_tokens=20, maps=("pca-2d",))),
        {},
        schema_version=1,
    )
    return folder


@contextmanager
def served(app: Flask, **options: object) -> Iterator[str]:
    """Serve an application from a thread for the time of a ``with`` block; yield its address."""
    server = create_server(app, host="127.0.0.1", port=0, threads=4, **options)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}/"
    # In the thread of its loop, which else would wait on what is no file any more.
    server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map, ignore_all=True))
    thread.join(timeout=10)
    server.task_dispatcher.shutdown(timeout=1)


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[..., str]]:
    """Return a function that serves a data folder on a free port and returns the address."""
    with ExitStack() as servers:

        def start(data_dir: Path, **settings: object) -> str:
            app = create_app(Settings(data_dir=data_dir, port=0, **settings))
            return servers.enter_context(served(app, clear_untrusted_proxy_headers=False))

        yield start


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest):
    """Return a server that runs the tiny models over the datasets built with them."""
    data_dir = tmp_path_factory.mktemp("live")
    for name in ("tiny_dataset", "tiny_image_dataset", "tiny_causal_dataset"):
        shutil.copytree(request.getfixturevalue(name).data_dir, data_dir, dirs_exist_ok=True)
    models = [request.getfixturevalue(name) for name in ("tiny_bert", "tiny_vit", "tiny_gpt2")]
    folders = tuple(model.parent for model in models)
    app = create_app(Settings(data_dir=data_dir, port=0, live_models=folders))
    picture = request.getfixturevalue("tiny_images") / "2.png"
    with served(app) as address:
        yield Live(address, picture)
    app.extensions[EXTENSION].live.close()


@pytest.fixture(scope="session")
def address(serve: Callable[[Path], str], built: Path) -> str:
    """Return the address of the page over the shared datasets."""
    return serve(built)


@pytest.fixture
def context(chromium_without_gpu: Browser) -> Iterator[BrowserContext]:
    """Return a fresh profile of 1440 x 900 in light colours."""
    made = chromium_without_gpu.new_context(
        viewport={"width": 1440, "height": 900}, color_scheme="light"
    )
    made.set_default_timeout(TIMEOUT_MS)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """Return a page that fails the test on errors, complaints of the policy and foreign hosts.

    A test that provokes an error names it in ``page.expected``, a list of words.
    """
    made = context.new_page()
    # What this test provokes on purpose; reading pictures back is the tests' own doing.
    made.expected = ["willReadFrequently"]  # type: ignore[attr-defined]
    complaints: list[str] = []
    made.on(
        "console",
        lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None,
    )
    made.on("pageerror", lambda error: complaints.append(str(error)))
    made.on("dialog", lambda dialog: (complaints.append("a dialog opened"), dialog.dismiss()))
    made.on(
        "request",
        lambda asked: (
            None
            if asked.url.startswith(("http://127.0.0.1:", "data:", "blob:"))
            else complaints.append(f"foreign host: {asked.url}")
        ),
    )
    yield made
    made.unroute_all(behavior="ignoreErrors")  # of an answer that is still on its way
    expected = made.expected  # type: ignore[attr-defined]
    left = [said for said in complaints if not any(words in said for words in expected)]
    assert left == []
