"""The page in a cell of a notebook: a frame in a page of another origin."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, expect
from tests.browser.page_driver import expect_map
from tests.support.reverse_proxy import reverse_proxy

import attentionviz
from attentionviz.notebook.cell import _server


@pytest.fixture
def notebook() -> Iterator[tuple[str, dict[str, str]]]:
    """Return the address of a page, and its body, which the test writes."""
    cell = {"html": ""}

    class Cell(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = f"<!doctype html><title>notebook</title>{cell['html']}".encode()
            self.send_response(200 if self.path == "/" else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Keep the terminal of the tests quiet."""

    server = HTTPServer(("127.0.0.1", 0), Cell)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", cell
    server.shutdown()
    server.server_close()


def test_a_notebook_cell_shows_the_head_and_other_pages_cannot_frame_a_server(
    page: Page, built: Path, address: str, notebook: tuple[str, dict[str, str]]
) -> None:
    other, cell = notebook
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    # The cell is of another origin: asked for from here, and given no focus on its own.
    refused = ["foreign host: http://localhost", "Blocked autofocusing"]
    page.expected += refused  # type: ignore[attr-defined]
    cell["html"] = attentionviz.open(built / "words").show(1, 2, "pca")._repr_html_()
    page.goto(other)
    frame = page.frame_locator("iframe")
    expect(frame.locator(".bar__title")).to_have_text("Layer 1, head 2")
    expect_map(page.frames[1])
    expect(frame.get_by_role("radio", name="PCA")).to_be_checked()

    page.expected += ["frame-ancestors", "X-Frame-Options"]  # type: ignore[attr-defined]
    cell["html"] = f'<iframe src="{address}?dataset=words"></iframe>'
    with page.expect_event("console") as said:
        page.goto(other)
    assert "frame-ancestors" in said.value.text
    assert page.frames[1].evaluate("document.querySelectorAll('canvas').length") == 0


def test_a_notebook_cell_on_jupyterhub_loads_the_page_through_the_proxy(
    page: Page, built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, _ = _server(built)
    with reverse_proxy(f"http://127.0.0.1:{port}", f"/user/ada/proxy/{port}", strips=True) as url:
        monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ada/")
        monkeypatch.setenv("JUPYTERHUB_SERVICE_URL", urljoin(url, "/user/ada/"))
        shown = attentionviz.open(built / "words").show(1, 2, "pca")
        assert shown.url.startswith(f"/user/ada/proxy/{port}/")
        # The hub has another name than the machine, and the cell is a part of a page of its own.
        hub = url.replace("127.0.0.1", "hub.localhost").partition("/user")[0]
        body = f"<!doctype html><title>lab</title>{shown._repr_html_()}"
        page.route(f"{hub}/lab", lambda route: route.fulfill(body=body, content_type="text/html"))
        page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
        page.expected.append(f"foreign host: {hub}")  # type: ignore[attr-defined]
        page.goto(f"{hub}/lab")
        frame = page.frame_locator("iframe")
        expect(frame.locator(".bar__title")).to_have_text("Layer 1, head 2")
        expect_map(page.frames[1])
