"""The page in headless Chromium without a GPU: first grid, frames, search, memory."""

import json
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright
from scripts.benchmarks import heads_in_use, interaction, serving
from scripts.make_deep_datasets import deep_spec
from tests.browser.conftest import ARGUMENTS, find_chromium
from tests.support.fake_dataset import FakeSpec, write_fake_dataset

# 12 x 12 heads with 250, 2,000 and 10,000 tokens: two points a token and head.
N_HEADS = 12
TOKENS = (250, 2_000, 10_000)
LONG = "long-sentences"
LONG_TOKENS = 512
VIEWPORT = {"width": 1400, "height": 900}
N_OPENINGS = 3

# Counts what every frame costs the page's one thread, whatever asked for it.
TIME_FRAMES = """
  window.frameTimes = [];
  const ask = window.requestAnimationFrame.bind(window);
  let frame = -1, sum = 0;
  window.requestAnimationFrame = (call) => ask((now) => {
    const start = performance.now();
    call(now);
    const spent = performance.now() - start;
    if (now !== frame) { if (frame >= 0) window.frameTimes.push(sum); sum = 0; frame = now; }
    sum += spent;
  });
"""
SEARCH = """async (word) => {
  const box = document.querySelector('input[type=search]');
  const nextFrame = () => new Promise((done) => requestAnimationFrame(done));
  box.value = word;
  const start = performance.now();
  box.dispatchEvent(new Event('input', { bubbles: true }));
  await nextFrame();
  await nextFrame();
  return performance.now() - start;
}"""


def first_grid_seconds(page: Page, address: str) -> float:
    """Open the page and return the time until its first map is drawn."""
    page.goto(address)
    page.wait_for_function("performance.getEntriesByName('first-map').length > 0", polling=20)
    return page.evaluate("performance.getEntriesByName('first-map')[0].startTime") / 1000


def zoom(page: Page, step: int) -> None:
    """Zoom the map a little in, then out, with nearly all heads in sight."""
    page.mouse.wheel(0, -40 if step % 2 == 0 else 40)


def scroll(page: Page, step: int) -> None:
    """Scroll a grid that is longer than the window, down and up again."""
    page.mouse.wheel(0, 60 if step % 40 < 20 else -60)


def frame_times(page: Page, move: Callable[[Page, int], None], n_frames: int = 80) -> list[float]:
    """Move the map and return the milliseconds that each frame took the page's thread."""
    page.mouse.move(700, 450)
    page.evaluate("window.frameTimes.length = 0")
    for step in range(n_frames):
        move(page, step)
        page.wait_for_timeout(20)
    return [t for t in page.evaluate("window.frameTimes") if t > 0.2]  # the rest drew nothing


def heap_mb(session: CDPSession) -> float:
    """Return what the page's objects and arrays hold after a collection."""
    session.send("HeapProfiler.enable")
    session.send("HeapProfiler.collectGarbage")
    usage = session.send("Runtime.getHeapUsage")
    return (usage["usedSize"] + usage.get("backingStorageSize", 0)) / 2**20


def one_run(
    browser: Browser, address: str, n_points: int, move: Callable[[Page, int], None] = zoom
) -> dict[str, Any]:
    """Return the page's figures for one dataset."""
    openings = []
    for _ in range(N_OPENINGS):
        context = browser.new_context(viewport=VIEWPORT, bypass_csp=True)
        page = context.new_page()
        page.add_init_script(TIME_FRAMES)
        openings.append(first_grid_seconds(page, address))
        if len(openings) < N_OPENINGS:
            context.close()
    page.wait_for_timeout(1500)
    frames = sorted(frame_times(page, move))
    searches = [page.evaluate(SEARCH, word) for word in ("april", "bank", "the", "of", "a")]
    memory = heap_mb(context.new_cdp_session(page))
    context.close()
    return {
        "points": n_points,
        "first_grid_s": statistics.median(openings),
        "frame_ms": statistics.median(frames),
        "frame_p95_ms": frames[int(0.95 * (len(frames) - 1))],
        "search_ms": statistics.median(searches),
        "heap_mb": memory,
    }


def measure(port: int, parts: list[str]) -> dict[str, Any]:
    """Return the figures of the server and of the page on synthetic datasets."""
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for n_tokens in TOKENS:
            write_fake_dataset(
                Path(folder), spec_of(f"points-{2 * n_tokens * N_HEADS**2}", n_tokens)
            )
        write_fake_dataset(Path(folder), spec_of(LONG, TOKENS[1], (LONG_TOKENS, LONG_TOKENS)))
        if "server" in parts:
            result["server"] = serving.measure(Path(folder), "points-576000", port)
        if "page" in parts:
            result["page"] = page_figures(Path(folder), port)
    return result


def spec_of(name: str, n_tokens: int, lengths: tuple[int, int] = (7, 40)) -> FakeSpec:
    """Return a dataset of so many tokens, in sentences of so many tokens each."""
    return FakeSpec(
        name,
        n_layers=N_HEADS,
        n_heads=N_HEADS,
        n_tokens=n_tokens,
        d_head=32 if n_tokens == TOKENS[1] else 4,
        maps=("biplot-2d", "pca-2d"),
        grid_points=3_000_000,
        sentence_lengths=lengths,
    )


def page_figures(folder: Path, port: int) -> dict[str, Any]:
    """Return the page's figures at every number of points."""
    with serving.running_server(folder, port), sync_playwright() as playwright:
        path = find_chromium()
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        runs = []
        for n_tokens in TOKENS:
            n_points = 2 * n_tokens * N_HEADS**2
            address = f"http://127.0.0.1:{port}/?dataset=points-{n_points}&method=pca&heads=all"
            runs.append(one_run(browser, address, n_points))
        names = (f"points-{runs[1]['points']}", LONG)
        addresses = [f"http://127.0.0.1:{port}/?dataset={name}&method=pca" for name in names]
        waits = interaction.measure(browser, *addresses, VIEWPORT)
        name = f"Chromium {browser.version}"
        browser.close()
    return {"browser": name, "renderer": "Canvas 2D", "runs": runs, "interaction": waits}


def measure_deep(port: int) -> dict[str, Any]:
    """Return the page's figures for a model of 80 x 64 heads, whose grid is scrolled."""
    spec = deep_spec("80x64")
    n_heads = spec.n_layers * spec.n_heads
    with tempfile.TemporaryDirectory() as folder:
        manifest = json.loads(
            (write_fake_dataset(Path(folder), spec) / "manifest.json").read_bytes()
        )
        n_points = n_heads * manifest["grid"]["n_points"]
        with serving.running_server(Path(folder), port), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
            address = f"http://127.0.0.1:{port}/?dataset={spec.dataset_id}&method=pca"
            run = one_run(browser, address, n_points, scroll)
            in_use = heads_in_use.measure(browser, address, VIEWPORT)
            browser.close()
    return {"heads": n_heads, **run, "longest_task_ms": in_use}
