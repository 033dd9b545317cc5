"""The bare page of the renderers: served without the application, and measured."""

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

CHECKOUT = Path(__file__).resolve().parents[2]
SERVED = ("/frontend/", "/tests/browser/pages/")


class _QuietHandler(SimpleHTTPRequestHandler):
    """Serves the page and the modules it imports, and nothing else of the checkout."""

    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".js": "text/javascript"}

    def do_GET(self) -> None:
        if self.path.startswith(SERVED) and ".." not in self.path:
            super().do_GET()
        else:
            self.send_error(404)

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, *args: object) -> None:
        """Suppress the access log."""


@contextmanager
def served_renderer_page() -> Iterator[str]:
    """Serve the page on a free port.

    Yields
    ------
    str
        Its address; choices follow as a query, see ``tests/browser/pages/renderer.js``.
    """
    handler = functools.partial(_QuietHandler, directory=str(CHECKOUT))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/tests/browser/pages/renderer.html"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def open_renderer_page(page: Page, address: str, query: str = "") -> Page:
    """Open the page and wait until its functions are there."""
    page.goto(f"{address}?{query}")
    page.wait_for_selector("body[data-ready=yes]", state="attached")
    return page


def draw(page: Page, options: dict[str, Any] | None = None, **plain: Any) -> dict[str, Any]:
    """Draw a frame given by plain lists and tell what is seen; see ``drawPlain`` of the page."""
    found: dict[str, Any] = page.evaluate(
        "([plain, options]) => drawPlain(plain, options)", [plain, options or {}]
    )
    return found


def measure_frames(browser: Browser, points: int, **choices: object) -> dict[str, Any]:
    """Measure redraws of a grid of 12 x 12 heads at 1400 x 900.

    Parameters
    ----------
    browser : Browser
        A running Chromium.
    points : int
        In all cells together.
    **choices : object
        Further choices of the page (``force="webgl2"``, ``dims=3``), and ``kind``: what moves,
        "pan", "orbit", "blend" or "style"; ``frames``: how many.

    Returns
    -------
    dict
        ``draw_ms`` (time of the script) and ``frame_ms`` (from frame to frame, as shown), each
        with min, median, p95 and max in milliseconds; ``heap_mb``; ``renderer``.
    """
    kind = choices.pop("kind", "pan")
    n_frames = choices.pop("frames", 30)
    query = "&".join(f"{name}={value}" for name, value in {"points": points, **choices}.items())
    with served_renderer_page() as address:
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.set_default_timeout(120_000)
        try:
            open_renderer_page(page, address, query)
            figures: dict[str, Any] = page.evaluate(
                "options => measure(options)", {"kind": kind, "nFrames": n_frames}
            )
        finally:
            page.close()
    return figures
