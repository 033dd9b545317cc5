"""The page in headless Chromium without a GPU: first grid, frames while panning, search, memory."""

import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright
from scripts.benchmarks import interaction, serving
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


def frame_times(page: Page, n_frames: int = 60) -> list[float]:
    """Drag the map about and return the milliseconds that each frame took the page's thread."""
    page.mouse.move(700, 450)
    page.mouse.down()
    page.evaluate("window.frameTimes.length = 0")
    for step in range(n_frames):
        page.mouse.move(700 + 3 * (step % 20), 450 + 2 * (step % 30))
    page.mouse.up()
    return [t for t in page.evaluate("window.frameTimes") if t > 0.2]  # the rest drew nothing


def heap_mb(session: CDPSession) -> float:
    """Return what the page's objects and arrays hold after a collection."""
    session.send("HeapProfiler.enable")
    session.send("HeapProfiler.collectGarbage")
    usage = session.send("Runtime.getHeapUsage")
    return (usage["usedSize"] + usage.get("backingStorageSize", 0)) / 2**20


def one_run(browser: Browser, address: str, n_points: int) -> dict[str, Any]:
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
    frames = sorted(frame_times(page))
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
            address = f"http://127.0.0.1:{port}/?dataset=points-{n_points}&method=pca"
            runs.append(one_run(browser, address, n_points))
        names = (f"points-{runs[1]['points']}", LONG)
        addresses = [f"http://127.0.0.1:{port}/?dataset={name}&method=pca" for name in names]
        waits = interaction.measure(browser, *addresses, VIEWPORT)
        name = f"Chromium {browser.version}"
        browser.close()
    return {"browser": name, "renderer": "Canvas 2D", "runs": runs, "interaction": waits}
