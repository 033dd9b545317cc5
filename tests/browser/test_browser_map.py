"""The map in a real browser: labels, dots, the sheet of a point, zooming."""

import json
import re
from collections import Counter

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, Route, expect
from tests.browser.page_driver import (
    LINES,
    NOT_BACKGROUND,
    PICTURE,
    box_of,
    fetch_json,
    find_point,
    fingerprint,
    is_still,
    next_frames,
    open_view,
    pass_time,
    press_tool,
    query_of,
    selected,
    wait_for_held,
    wait_until,
)

FLOATS = "async (path) => [...new Float32Array(await (await fetch(path)).arrayBuffer())]"
HEAD = "?dataset=words&method=pca&layer=1&head=2"
IMAGES = "?dataset=pictures&method=pca&layer=1&head=2"
GRID = "?dataset=words&method=pca"
# Everything that is written on a canvas and where, since the last time that the list was emptied.
SPY = """window.written = [];
const write = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (words, x, y, ...rest) {
  window.written.push([words, x, y]);
  return write.call(this, words, x, y, ...rest);
};"""
LABELS = LINES.replace(".map__overlay", ".map__labels")


def labels(page: Page) -> list[tuple[str, float, float]]:
    """Return the labels of the map as it is now, and where they are."""
    page.keyboard.press("l")
    wait_until(lambda: page.evaluate(LABELS) == 0, "the labels are gone")
    page.evaluate("window.written = []")
    page.keyboard.press("l")
    wait_until(lambda: page.evaluate(LABELS) > 0, "the labels are back")
    wait_until(lambda: is_still(page), "the picture is still")
    return [(words, x, y) for words, x, y in page.evaluate("window.written")]


def middle(page: Page) -> tuple[float, float]:
    box = box_of(page, ".map")
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def zoom(page: Page, delta: float, n_steps: int, until: str = "") -> None:
    """Turn the wheel over the middle of the map, until the address says something."""
    page.mouse.move(*middle(page))
    for _ in range(n_steps):
        page.mouse.wheel(0, delta)
        next_frames(page)
        if until and re.search(until, page.url):
            return


def test_labels_stay_when_zooming_in_and_dot_options_change_the_dot_size(
    page: Page, address: str
) -> None:
    page.add_init_script(SPY)
    open_view(page, address, HEAD)
    texts = fetch_json(page, "api/v1/datasets/words/tokens")["text"]
    far = labels(page)
    plain = [words for words, _, _ in far if words.isalpha()]
    assert len(plain) > 3
    assert all(any(words in text for text in texts) for words in plain)
    zoom(page, -140, 3)
    wait_until(lambda: is_still(page), "the picture is still")
    near = labels(page)
    # What lies around the middle is still there, with the same words, among others that were not.
    room = box_of(page, ".map")
    reach = 0.2 * min(room["width"], room["height"])
    middle_x, middle_y = room["width"] / 2, room["height"] / 2
    inner = Counter(w for w, x, y in far if abs(x - middle_x) < reach and abs(y - middle_y) < reach)
    assert inner
    assert inner <= Counter(words for words, _, _ in near)
    assert inner.total() < len(near)

    ink = {}
    for size in ("", "&dot=2", "&dot-by=norm"):
        open_view(page, address, f"{HEAD}&labels=off{size}")
        assert page.evaluate(LABELS) == 0
        ink[size] = page.evaluate(NOT_BACKGROUND)
    assert ink["&dot=2"] > 1.5 * ink[""]
    assert ink["&dot-by=norm"] < 0.9 * ink[""]
    page.keyboard.press("l")
    wait_until(lambda: page.evaluate(LABELS) > 0, "the labels are back")
    assert "labels" not in query_of(page)
    page.keyboard.press("l")
    wait_until(lambda: page.evaluate(LABELS) == 0, "the labels are gone")
    assert query_of(page)["labels"] == "off"


def test_the_tooltip_of_a_point_shows_its_strongest_partners_or_its_image(
    page: Page, address: str
) -> None:
    held: list[Route] = []
    open_view(page, address, HEAD)
    # a route calls no builtin, so the method needs a lambda
    page.route("**/neighbours/**", lambda route: held.append(route))  # noqa: PLW0108
    find_point(page, "query")
    tooltip = page.locator(".tooltip")
    expect(tooltip.locator(".tooltip__token")).to_have_count(1)
    expect(tooltip).to_contain_text("Keys with the highest q·k in the corpus")
    expect(tooltip.locator("li")).to_have_text(["…"] * 5)
    before = tooltip.bounding_box()
    wait_for_held(page, held, "the page asks for partners")
    answer = held[-1].fetch()
    for route in held[:-1]:
        route.abort()
    held[-1].fulfill(response=answer)
    expect(tooltip.locator("li").first).not_to_have_text("…")
    partners = json.loads(answer.text())["partners"]
    assert len(partners) == 10  # five are listed, all are compared with what is near
    scores = [f"{partner['score']:.2f}".replace("-", "−") for partner in partners[:5]]
    assert tooltip.locator("li > :last-child").all_inner_texts() == scores
    assert tooltip.bounding_box() == before
    page.unroute_all()

    open_view(page, address, IMAGES)
    find_point(page)
    image = page.locator(".tooltip__image")
    expect(image).to_have_attribute("src", re.compile(r"/datasets/pictures/images/\d+$"))
    wait_until(lambda: image.evaluate("image => image.naturalWidth > 0"), "the image is there")


def test_the_tooltip_shows_attention_in_the_sentence_and_hides_on_click_or_zoom(
    page: Page, address: str
) -> None:
    open_view(page, address, f"{HEAD}&selected=query-1")
    tokens = fetch_json(page, "api/v1/datasets/words/tokens")
    tooltip = page.locator(".tooltip")
    for kind, words in (("query", "attends to: "), ("key", "attended by: ")):
        x, y = find_point(page, kind)
        line = tooltip.locator(".tooltip__attention")
        expect(line).to_have_text(re.compile(f"^{words}.*[01]\\.\\d\\d"))
        told = line.inner_text()
        page.mouse.click(x, y)
        expect(tooltip).to_be_hidden()
        page.mouse.move(x + 1, y)  # a hand is never quite still
        expect(tooltip).to_be_hidden()
        token = selected(page)["token"]
        sequence = tokens["sequence"][token]
        start, n = (tokens["sequences"][name][sequence] for name in ("start", "length"))
        path = f"api/v1/datasets/words/heads/1/2/attention/{sequence}"
        pattern = np.reshape(page.evaluate(FLOATS, path), (n, n))
        weights = pattern[token - start] if kind == "query" else pattern[:, token - start]
        assert tokens["text"][start + int(weights.argmax())] in told
        assert f"{weights.max():.2f}" in told
    alone = wait_until(lambda: page.evaluate(LINES), "there are lines of the selected point")
    page.locator(".side summary").filter(has_text="Options").first.click()
    page.get_by_label("Only of the selected point").uncheck()
    wait_until(lambda: page.evaluate(LINES) > alone, "there are lines of all its sentence")
    find_point(page)
    page.mouse.wheel(0, -200)
    expect(tooltip).to_be_hidden()
    press_tool(page, "Reset zoom")
    wait_until(lambda: is_still(page), "the map is at rest")
    find_point(page)
    page.keyboard.press("ArrowRight")  # the next head
    expect(tooltip).to_be_hidden()
    wait_until(lambda: is_still(page), "its map is at rest")
    find_point(page)
    page.set_viewport_size({"width": 1300, "height": 800})
    expect(tooltip).to_be_hidden()


def test_zooming_opens_and_closes_heads_but_reset_zoom_does_not(page: Page, address: str) -> None:
    page.clock.install()
    open_view(page, address, GRID)
    zoom(page, -150, 40, "layer=")
    opened = query_of(page)
    assert {"layer", "head"} <= opened.keys()
    expect(page.locator(".grid")).to_be_hidden()
    pass_time(page)
    assert query_of(page) == opened
    zoom(page, 100, 40, "^((?!layer=).)*$")
    expect(page.locator(".bar__title")).to_have_text("All heads")
    pass_time(page)
    assert not {"layer", "zoom"} & query_of(page).keys()  # the grid is at rest

    open_view(page, address, HEAD)
    at_rest = fingerprint(page)
    zoom(page, 60, 3)
    press_tool(page, "Reset zoom")
    pass_time(page)
    assert query_of(page)["layer"] == "1"
    for motion in ("no-preference", "reduce"):
        page.emulate_media(reduced_motion=motion)
        open_view(page, address, GRID)
        zoom(page, -120, 4)
        press_tool(page, "Reset zoom")
        pass_time(page)
        assert "layer" not in query_of(page), motion
        zoom(page, -60, 80, "layer=")
        page.locator(".header").hover(position={"x": 5, "y": 5})
        page.get_by_label("Layer", exact=True).fill("1")
        page.get_by_label("Head", exact=True).fill("2")
        page.get_by_role("button", name="Go", exact=True).click()
        wait_until(lambda: fingerprint(page) == at_rest, f"the head is at rest ({motion})")


def has_ratio(canvas: Locator, ratio: float) -> bool:
    """Whether a canvas has so many pixels for a CSS pixel, but for rounding."""
    sides = "canvas => [canvas.width / canvas.clientWidth, canvas.height / canvas.clientHeight]"
    return bool(canvas.evaluate(sides) == pytest.approx([ratio, ratio], rel=0.02))


VIEWS = {
    f"{HEAD}&selected=query-40": (".map__overlay", ".aggregate .sentence__lines"),
    f"{IMAGES}&selected=query-9&image-links=all": (".map__overlay", ".image__links"),
}


def test_canvases_are_redrawn_when_the_pixel_ratio_changes(page: Page, address: str) -> None:
    for view, canvases in VIEWS.items():
        require_drawn_anew(page, address, view, canvases)
    links = page.locator(".image__links")
    before, box = links.evaluate(PICTURE), box_of(page, ".image__links")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    wait_until(lambda: links.evaluate(PICTURE) != before, "the links of the patch are shown")
    page.mouse.move(0, 0)
    wait_until(lambda: links.evaluate(PICTURE) == before, "all links are drawn as before")


def require_drawn_anew(page: Page, address: str, view: str, canvases: tuple[str, ...]) -> None:
    open_view(page, address, view)
    page.route("**/api/v1/datasets", lambda _: None)  # whose answers would have the page drawn, too
    screen = page.context.new_cdp_session(page)
    size = {"width": 1440, "height": 900, "mobile": False}
    for ratio, motion in ((2, "reduce"), (1, "no-preference"), (1.5, "reduce")):
        screen.send("Emulation.setDeviceMetricsOverride", {**size, "deviceScaleFactor": ratio})
        wait_until(lambda r=ratio: page.evaluate("devicePixelRatio") == r, "the ratio is there")
        page.emulate_media(reduced_motion=motion)  # has a Chromium that emulates see the ratio
        for canvas in (".map__canvas", *canvases):
            wait_until(lambda c=canvas, r=ratio: has_ratio(page.locator(c), r), f"{view}: {canvas}")
    page.unroute("**/api/v1/datasets")

    def pictures() -> list[int]:
        return [fingerprint(page), page.locator(canvases[-1]).evaluate(PICTURE)]

    moved = pictures()
    open_view(page, address, view)
    wait_until(
        lambda: pictures() == moved,
        f"{view} is as if it had been opened there",
    )
