"""Images of one's own, what is refused, what is kept where, and keys alone."""

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
from tests.browser.page_driver import open_view, query_of, wait_until
from tests.browser.test_browser_accessibility import grave_findings

from attentionviz.server.app import create_app
from attentionviz.settings.settings import Settings


def is_text(url: str) -> bool:
    return url.endswith("/tiny-text/text")


def test_what_is_given_up_or_overtaken_leaves_nothing(page: Page, live: Live) -> None:
    held: list[Route] = []
    open_text(page, live)
    page.route("**/tiny-text/text", lambda route: held.append(route))
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


def test_the_model_comes_while_one_types_and_nothing_typed_is_sent(page: Page, live: Live) -> None:
    open_text(page, live)
    sent: list[dict[str, Any]] = []
    page.on("request", lambda one: sent.append(one.post_data_json) if is_text(one.url) else None)
    with page.expect_response("**/tiny-text/text") as answer:
        page.locator(".user-sequences__field").press_sequentially("The bank")
    assert answer.value.ok
    assert sent == [{"text": "a", "maps": ["pca-2d"]}]
    expect(page.locator(".user-sequences__item")).to_have_count(0)
    add(page, "The bank")
    assert [one["text"] for one in sent] == ["a", "The bank"]


def test_the_model_of_images_comes_while_one_looks_for_a_file(page: Page, live: Live) -> None:
    open_view(page, live.address, "?dataset=tiny-image&method=pca")
    with page.expect_response("**/tiny-image/image") as answer, page.expect_file_chooser():
        page.get_by_role("button", name="Choose an image").click()
    assert answer.value.ok
    expect(page.locator(".user-sequences__item")).to_have_count(0)


def test_what_cannot_be_run_is_said_beside_the_box(page: Page, live: Live) -> None:
    page.expected.append(REFUSED)  # type: ignore[attr-defined]
    open_text(page, live)
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


def test_an_image_is_dropped_pasted_or_refused(page: Page, live: Live) -> None:
    page.expected.append(REFUSED)  # type: ignore[attr-defined]
    open_view(page, live.address, "?dataset=tiny-image&method=pca&layer=1&head=1")
    file = {"type": "image/png", "name": "mine.png", "bytes": list(live.picture.read_bytes())}
    words = page.evaluate(DROP, {"kind": "drop", **file})
    assert "run it through tiny-vit" in words
    row = page.locator(".user-sequences__item")
    expect(row).to_contain_text("mine.png")
    expect(row.locator(".user-sequences__note")).to_contain_text("10 tokens; placed exactly")
    expect(page.locator(".panel__title")).to_contain_text("your image 1")
    expect(page.locator(".image__picture")).to_have_attribute("src", re.compile("^data:image/png"))
    expect(page.locator(".image__status")).to_contain_text("Attention that the selected query pays")
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


def test_an_image_over_sentences_says_what_is_missing(page: Page, live: Live) -> None:
    open_text(page, live)
    file = {"type": "image/png", "name": "mine.png", "bytes": list(live.picture.read_bytes())}
    page.evaluate(DROP, {"kind": "drop", **file})
    expect(page.locator(".notices, .notice").first).to_contain_text("tiny-bert reads sentences")


def test_texts_are_in_the_address_only_on_request(page: Page, live: Live) -> None:
    open_text(page, live)
    add(page, SENTENCE)
    add(page, "a & b #1 <b>")
    assert "text" not in query_of(page)
    page.get_by_label("Texts in the address").check()
    wait_until(lambda: page.url.count("text=") == 2, "both texts are in the address")
    expect(page.locator(".user-sequences__foot")).to_contain_text("history keeps them")
    page.reload()
    rows = page.locator(".user-sequences__item")
    expect(rows).to_have_count(2)
    expect(rows.nth(0).locator(".user-sequences__note")).to_contain_text("placed")
    expect(rows.nth(1).locator(".user-sequences__note")).to_contain_text("placed")
    expect(rows.nth(1)).to_contain_text("a & b #1 <b>")
    page.get_by_role("button", name="Remove your text 1").click()
    wait_until(lambda: page.url.count("text=") == 1, "one is left in the address")
    page.get_by_label("Texts in the address").uncheck()
    wait_until(lambda: "text=" not in page.url, "the address says nothing of it")
    expect(rows).to_have_count(1)


def test_nothing_is_left_once_the_page_is_closed(page: Page, live: Live) -> None:
    open_text(page, live)
    add(page, "otters in april")
    expect(page.locator(".user-sequences")).to_contain_text("Nothing of it is stored")
    kept = page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }])")
    assert "otters" not in kept
    open_text(page, live)
    expect(page.locator(".user-sequences")).to_be_visible()
    expect(page.locator(".user-sequences__item")).to_have_count(0)


def test_hostile_text_runs_nothing_and_stays_legible(page: Page, live: Live) -> None:
    open_text(page, live, "&method=pca&layer=1&head=1")
    for text in (
        "<img src=x onerror=alert(1)><script>alert(2)</script>",
        "\u202eevil \u05e9\u05dc\u05d5\u05dd \u0627\u0644\u0646\u0647\u0631",
        "zero\u200bwidth\u2060and\ufeffmarks",
        "javascript:alert(1) \"><svg onload=alert(3)> '{{7*7}}'",
        "=HYPERLINK(1) \U0001f9a6 a\u0300\u0301\u0302\u0303",
    ):
        row = add(page, text)
        assert row.locator(".user-sequences__open bdi").inner_text().strip() != ""
        assert row.locator("img:visible, script, svg:not(.icon)").count() == 0
        page.get_by_role("button", name=re.compile("^Remove your text")).click()
        expect(page.locator(".user-sequences__item")).to_have_count(0)


def test_all_of_it_works_by_keys_with_names(page: Page, live: Live) -> None:
    page.emulate_media(reduced_motion="reduce")
    open_text(page, live, "&method=pca&layer=1&head=1")
    page.keyboard.press("y")
    assert page.get_by_label("Your own sentence", exact=True).evaluate(
        "field => field === document.activeElement"
    )
    page.keyboard.type(SENTENCE)
    page.keyboard.press("Enter")
    expect(page.locator(".user-sequences__item .user-sequences__note")).to_contain_text("placed")
    names = []
    for _ in range(5):
        page.keyboard.press("Tab")
        names.append(
            page.evaluate("(({ activeElement: a }) => (a.labels?.[0] ?? a).innerText)(document)")
        )
    assert [name.split("\n")[0].strip() for name in names] == [
        "Run",
        "Your text 1",
        "Edit the tokens of your text 1",
        "Remove your text 1",
        "Texts in the address",
    ]
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Token 1: [CLS]")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+a")
    page.keyboard.type("the")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Token 2: the")).to_be_focused()
    page.get_by_role("button", name="Remove your text 1").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".user-sequences__field")).to_be_focused()


def test_where_the_server_runs_no_models_nothing_of_it_is_shown(
    page: Page, tiny_dataset: Any
) -> None:
    app = create_app(Settings(data_dir=tiny_dataset.data_dir, port=0, live=False))
    with served(app) as address:
        open_view(page, address, "?dataset=tiny-text&method=pca&text=kept")
        expect(page.locator(".notices, .notice").first).to_contain_text(
            "Texts of your own cannot be run here"
        )
        assert page.locator(".user-sequences").is_hidden()
        assert page.locator(".header__user-sequences").is_hidden()
        page.keyboard.press("y")
        assert page.locator(".user-sequences").is_hidden()


def test_axe_finds_nothing_serious_in_it(page: Page, live: Live) -> None:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        open_text(page, live, "&method=pca&layer=1&head=1")
        row = add(page, SENTENCE)
        row.get_by_role("button", name="Edit the tokens of your text 1").click()
        row.locator(".user-sequences__token").nth(1).click()
        page.locator(".user-sequences__field").fill("x" * 3000)
        page.locator(".user-sequences__field").press("Enter")
        assert grave_findings(page) == []
