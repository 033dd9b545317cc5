"""How quickly the page answers a hand: hover to tooltip, click to sentence, longest pause."""

import statistics
from typing import Any

from playwright.sync_api import Browser, Page

# Times run from the event to the change that a viewer waits for; long tasks are over 50 ms.
WATCH = """
  window.waits = { hover: [], click: [] };
  window.longest = 0;
  let moved = 0, clicked = 0;
  addEventListener('pointermove', () => { moved = performance.now(); }, true);
  addEventListener('click', () => { clicked = performance.now(); }, true);
  new MutationObserver((changes) => {
    const tooltip = document.querySelector('.map .tooltip');
    const isShown = tooltip && !tooltip.hidden;
    const isNew = isShown && changes.some(({ target }) => tooltip.contains(target));
    if (moved && isNew) {
      window.waits.hover.push(performance.now() - moved);
      moved = 0;
    }
    if (clicked && document.querySelector('.panel:not([hidden]) .sentence__row')) {
      window.waits.click.push(performance.now() - clicked);
      clicked = 0;
    }
  }).observe(document, { subtree: true, attributes: true, childList: true });
  new PerformanceObserver((list) => {
    const spent = list.getEntries().map((entry) => entry.duration);
    window.longest = Math.max(window.longest, ...spent);
  }).observe({ type: 'longtask' });
"""
N_MOVES, N_CLICKS, N_LONG_CLICKS = 150, 12, 5


def measure(
    browser: Browser, address: str, long_address: str, viewport: dict[str, int]
) -> dict[str, Any]:
    """Return the waits of one dataset in milliseconds, and those of long sentences.

    Parameters
    ----------
    browser : Browser
    address : str
        Of the grid of a dataset with the maps pca and biplot.
    long_address : str
        The same of a dataset whose sentences have 512 tokens.
    viewport : dict
        Width and height.
    """
    page = browser.new_page(viewport=viewport, bypass_csp=True)
    page.add_init_script(WATCH)
    page.goto(address)
    page.wait_for_function("performance.getEntriesByName('first-map').length > 0", polling=20)
    page.wait_for_timeout(1500)
    page.evaluate("window.longest = 0")  # opening has its own figure
    _use_grid(page)
    grid_block_ms = page.evaluate("window.longest")
    page.goto(f"{address}&layer=1&head=1")
    page.wait_for_timeout(1500)
    page.evaluate("window.longest = 0")
    _use_head(page)
    waits = page.evaluate("window.waits")
    block_ms = max(grid_block_ms, page.evaluate("window.longest"))
    page.close()
    long = _open_long(browser, f"{long_address}&layer=1&head=1", viewport)
    return {
        "hover_ms": statistics.median(waits["hover"]),
        "hover_p95_ms": _p95(waits["hover"]),
        "click_ms": statistics.median(waits["click"]),
        "click_p95_ms": _p95(waits["click"]),
        "longest_block_ms": block_ms,
        **long,
    }


def _open_long(browser: Browser, address: str, viewport: dict[str, int]) -> dict[str, float]:
    """Open and scroll sentences of 512 tokens in a head; return waits and the longest pause."""
    page = browser.new_page(viewport=viewport, bypass_csp=True)
    page.add_init_script(WATCH)
    page.goto(address)
    page.wait_for_timeout(1500)
    spots = _find_spots(page)
    page.evaluate("window.longest = 0")
    for x, y in spots[:N_LONG_CLICKS]:
        page.keyboard.press("Escape")
        page.mouse.click(x, y)
        page.wait_for_timeout(1000)
    page.locator(".sentence__scroll").first.hover()
    for _ in range(5):
        page.mouse.wheel(0, 2000)
        page.wait_for_timeout(100)
    clicks, block_ms = page.evaluate("[window.waits.click, window.longest]")
    page.close()
    return {
        "long_click_ms": statistics.median(clicks),
        "long_click_p95_ms": _p95(clicks),
        "long_block_ms": block_ms,
    }


def _use_grid(page: Page) -> None:
    """Search, switch the method to and fro, drag, zoom."""
    page.keyboard.press("/")
    page.get_by_role("searchbox").fill("april")
    page.wait_for_timeout(300)
    page.get_by_role("searchbox").fill("")
    page.mouse.move(700, 450)
    page.evaluate("document.activeElement.blur()")  # a field would take the keys as text
    for key, method in (("1", "biplot"), ("2", "pca")):
        page.keyboard.press(key)
        page.wait_for_timeout(1200)
        if f"method={method}" not in page.url:
            raise RuntimeError(f"key {key} did not show {method}: {page.url}")
    for _ in range(5):
        page.mouse.wheel(0, -60)
        page.wait_for_timeout(100)


def _use_head(page: Page) -> None:
    """Move over points, then click some of them."""
    for x, y in _find_spots(page)[:N_CLICKS]:
        page.keyboard.press("Escape")
        page.mouse.click(x, y)
        page.wait_for_timeout(250)


def _find_spots(page: Page) -> list[tuple[float, float]]:
    """Move over the map of a head; return the places that are over a point."""
    box = page.locator(".map").bounding_box()
    if box is None:
        raise RuntimeError("there is no map to point at")
    spots = []
    for move in range(N_MOVES):
        x = box["x"] + box["width"] * (0.3 + 0.4 * ((move * 7) % 31) / 31)
        y = box["y"] + box["height"] * (0.3 + 0.4 * ((move * 11) % 37) / 37)
        page.mouse.move(x, y)
        page.wait_for_timeout(40)
        if page.locator(".map.is-over-point").count():
            spots.append((x, y))
    return spots


def _p95(values: list[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]
