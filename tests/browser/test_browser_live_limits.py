"""Images of one's own, and what is refused, given up or not offered."""

import json
import re
from typing import Any

from playwright.sync_api import Page, Route, expect
from tests.browser.conftest import served
from tests.browser.live_page import (
    DROP,
    OTHER,
    REFUSED,
    SENTENCE,
    Live,
    add,
    open_text,
)
from tests.browser.page_driver import open_tab, open_view
from tests.browser.test_browser_accessibility import grave_findings

from attentionviz.server.app import create_app
from attentionviz.settings.settings import Settings


def test_rejected_texts_are_reported_and_not_kept(
    page: Page, live: Live, tiny_dataset: Any
) -> None:
    page.expected.append(REFUSED)  # type: ignore[attr-defined]
    open_text(page, live, "&method=pca&layer=1&head=1")
    require_nothing_left_of_what_is_given_up(page)
    require_said_beside_the_box(page)
    page.evaluate(DROP, {"kind": "drop", **file_of(live)})
    expect(page.locator(".notices, .notice").first).to_contain_text("tiny-bert reads sentences")
    row = page.locator(".user-sequences__item").first
    row.get_by_role("button", name="Edit a copy of your text 1").click()
    row.locator(".user-sequences__token").nth(1).click()
    page.locator(".user-sequences__field").fill("x" * 3000)
    page.locator(".user-sequences__field").press("Enter")
    assert grave_findings(page) == [], "beside an open token, with a text that is too long"
    app = create_app(Settings(data_dir=tiny_dataset.data_dir, port=0, live=False))
    with served(app) as address:
        require_nothing_offered(page, address)


def file_of(live: Live) -> dict[str, Any]:
    """Return a picture as a file that is dropped."""
    return {"type": "image/png", "name": "mine.png", "bytes": list(live.picture.read_bytes())}


def require_nothing_left_of_what_is_given_up(page: Page) -> None:
    held: list[Route] = []
    page.route("**/tiny-text/text", lambda route: held.append(route))
    open_tab(page, "Find")
    page.locator(".user-sequences__field").fill("first")
    page.locator(".user-sequences__field").press("Enter")
    expect(page.locator(".user-sequences__status")).to_contain_text("the model tiny-bert")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".user-sequences__status")).to_be_hidden()
    expect(page.locator(".user-sequences__field")).to_have_value("first")
    page.unroute("**/tiny-text/text")
    add(page, OTHER)
    expect(page.locator(".user-sequences__item")).to_have_count(1)
    expect(page.locator(".user-sequences__item")).to_contain_text(OTHER)


def require_said_beside_the_box(page: Page) -> None:
    field, problem = (
        page.locator(".user-sequences__field"),
        page.locator(".user-sequences > .user-sequences__problem"),
    )
    field.press("Enter")
    expect(problem).to_have_text("Type a sentence first.")
    field.fill("x" * 10_000)
    field.press("Enter")
    expect(problem).to_contain_text("10000 characters; this server takes up to 2000")
    body = {"error": {"code": "live_unavailable", "message": "the model is gone; build it again"}}
    page.route(
        "**/tiny-text/text",
        lambda route: route.fulfill(
            status=409, body=json.dumps(body), headers={"Content-Type": "application/json"}
        ),
    )
    field.fill(SENTENCE)
    field.press("Enter")
    expect(problem).to_have_text("The model is gone; build it again.")
    expect(field).to_have_value(SENTENCE)
    page.route("**/tiny-text/text", lambda route: route.fulfill(status=200, body=b"\x00" * 20))
    field.press("Enter")
    expect(problem).to_contain_text("The header")
    page.unroute("**/tiny-text/text")
    add(page, SENTENCE)
    expect(problem).to_be_hidden()


def require_nothing_offered(page: Page, address: str) -> None:
    """Open a server that runs no models; the texts of the address are named, and no more."""
    open_view(page, address, "?dataset=tiny-text&method=pca&text=kept")
    expect(page.locator(".notices, .notice").first).to_contain_text(
        "Texts of your own cannot be run here"
    )
    assert page.locator(".user-sequences").is_hidden()
    assert page.locator(".header__user-sequences").is_hidden()
    page.keyboard.press("y")
    assert page.locator(".user-sequences").is_hidden()


def test_a_dropped_or_pasted_image_is_run_and_other_files_are_rejected(
    page: Page, live: Live
) -> None:
    page.expected.append(REFUSED)  # type: ignore[attr-defined]
    open_view(page, live.address, "?dataset=tiny-image&method=pca&layer=1&head=1")
    open_tab(page, "Find")
    with page.expect_response("**/tiny-image/image") as answer, page.expect_file_chooser():
        page.get_by_role("button", name="Choose an image").click()
    assert answer.value.ok, "the model comes while one looks for a file"
    expect(page.locator(".user-sequences__item")).to_have_count(0)
    file = file_of(live)
    words = page.evaluate(DROP, {"kind": "drop", **file})
    assert "run it through tiny-vit" in words
    row = page.locator(".user-sequences__item")
    expect(row).to_contain_text("mine.png")
    expect(row.locator(".user-sequences__note")).to_contain_text("10 tokens; placed exactly")
    expect(page.locator(".panel__title")).to_contain_text("your image 1")
    expect(page.locator(".image__picture")).to_have_attribute("src", re.compile("^data:image/png"))
    expect(page.locator(".image__status")).to_contain_text("the selected query attends to")
    page.evaluate(DROP, {"kind": "paste", **file})
    expect(row).to_have_count(2)
    page.evaluate(DROP, {"kind": "drop", **file, "bytes": [1, 2, 3]})
    expect(page.locator(".user-sequences > .user-sequences__problem")).not_to_be_empty()
    svg = {"type": "image/svg+xml", "bytes": list(b"<svg onload='alert(1)'/>")}
    page.evaluate(DROP, {"kind": "drop", **file, **svg})
    expect(page.locator(".user-sequences > .user-sequences__problem")).to_contain_text(
        "SVG, which is not read"
    )
    page.evaluate(DROP, {"kind": "drop", **file, "type": "application/pdf"})
    expect(page.locator(".notices, .notice").first).to_contain_text("PNG, JPEG and WebP")
    expect(row).to_have_count(2)
