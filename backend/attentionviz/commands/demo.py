"""The command ``attentionviz demo``: serves the embedded datasets and builds missing ones."""

import os
import sys
import webbrowser
from collections.abc import Callable

from attentionviz.core import demo_bert
from attentionviz.pipeline.demo import DEMO, Demo, has_model
from attentionviz.pipeline.demo_process import DemoProcess
from attentionviz.server.app import serve
from attentionviz.settings.installation import ROOT
from attentionviz.settings.settings import Settings

Log = Callable[[str], None]


def run_demo(settings: Settings, n_workers: int | None, log: Log, *, opens_browser: bool) -> None:
    """Serve the demo datasets until interrupted; a separate process builds missing ones.

    Parameters
    ----------
    settings : Settings
    n_workers : int or None
        Processes that compute maps; None for one per core.
    log : callable
        Called with one sentence at a time.
    opens_browser : bool
        Whether to open a browser, if there is a screen.
    """
    demo = Demo(ROOT, settings.data_dir)
    for dataset in DEMO:
        if not has_model(dataset):
            name = dataset.dataset_id
            log(f"{name} is left out, since its model is not here: {demo_bert.INSTALL}")
    is_missing = bool(demo.missing())
    builders: list[DemoProcess] = []

    def announce(message: str, url: str) -> None:
        log(f"{message}; open {url}")
        if opens_browser:
            _open_browser(url)

    def ready(url: str) -> None:
        if not is_missing:
            announce("the demo datasets are built", url)
            return
        log(f"serving {url}, with maps as soon as the first are built")
        command = _build_command(settings, n_workers)
        builder = DemoProcess(
            demo,
            command,
            on_first_maps=lambda: announce("the first maps are built", url),
            on_failure=log,
        )
        builders.append(builder)

    try:
        serve(settings, ready)
    finally:
        for builder in builders:
            builder.stop()


def build_demo(settings: Settings, n_workers: int, log: Log) -> None:
    """Build the demo datasets that are missing.

    Parameters
    ----------
    settings : Settings
    n_workers : int
    log : callable
    """
    from attentionviz.pipeline.build import build

    demo = Demo(ROOT, settings.data_dir)
    for dataset in demo.missing():
        result = build(demo.request(dataset, n_workers), log)
        demo.record_build(dataset, result.version)
        log(f"{result.dataset_id} is built: {result.folder}")


def _build_command(settings: Settings, n_workers: int | None) -> list[str]:
    command = [sys.executable, "-m", "attentionviz", "demo", "--build-only"]
    command += ["--data-dir", str(settings.data_dir)]
    return command if n_workers is None else [*command, "--workers", str(n_workers)]


def _open_browser(url: str) -> None:
    """Open the page if there is a screen; a text browser would take over the terminal."""
    has_screen = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    if has_screen:
        webbrowser.open(url)
