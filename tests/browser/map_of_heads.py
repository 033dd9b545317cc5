"""The map of heads, whose dots are on a canvas: where they are, and what is drawn there."""

from playwright.sync_api import Locator, Page, expect
from tests.browser.page_driver import fetch_json
from tests.support.waiting import wait_until

MARGIN_PX = 26  # `frontend/js/map/head_map_dots.js`
PIXEL = """(canvas, [x, y]) => {
  const ratio = canvas.width / canvas.clientWidth;
  const pen = canvas.getContext('2d');
  return [...pen.getImageData(Math.round(x * ratio), Math.round(y * ratio), 1, 1).data];
}"""
Place = tuple[float, float]


def canvas_of(page: Page) -> Locator:
    return page.locator(".map-of-heads__dots")


def dots(page: Page, dataset: str = "words") -> dict[tuple[int, int], Place]:
    """Return where each head is on the canvas, in CSS pixels, once the map is drawn."""
    heads = fetch_json(page, f"api/v1/datasets/{dataset}/similarity")["heads"]
    expect(canvas_of(page)).to_be_visible()
    room = canvas_of(page).bounding_box()
    assert room
    sides = [("x", room["width"]), ("y", room["height"])]
    ends = {axis: [end(head[axis] for head in heads) for end in (min, max)] for axis, _ in sides}
    scale = min(
        (side - 2 * MARGIN_PX) / (ends[axis][1] - ends[axis][0])
        for axis, side in sides
        if ends[axis][1] > ends[axis][0]
    )
    found = {
        (head["layer"], head["head"]): (
            room["width"] / 2 + (head["x"] - sum(ends["x"]) / 2) * scale,
            room["height"] / 2 - (head["y"] - sum(ends["y"]) / 2) * scale,
        )
        for head in heads
    }
    wait_until(lambda: all(pixel(page, place)[3] > 0 for place in found.values()), "all dots")
    return found


def pixel(page: Page, place: Place) -> list[int]:
    """Return red, green, blue and alpha of the canvas, 0..255."""
    return canvas_of(page).evaluate(PIXEL, place)


def place_in_page(page: Page, layer: int, head: int) -> Place:
    """Return where a head is in the page."""
    room, (x, y) = canvas_of(page).bounding_box(), dots(page)[layer, head]
    assert room
    return room["x"] + x, room["y"] + y
