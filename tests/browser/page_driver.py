"""What several browser tests do with the page: open it, wait for a picture, read the canvas."""

import json
from typing import Any

from playwright.sync_api import Frame, Locator, Page, expect
from tests.support.head_list import heads_of
from tests.support.waiting import wait_until

# Pixels are read as words of four bytes, alpha in the highest: these loops start uncompiled in
# every page, and would be much of what a test computes.
NOT_BACKGROUND = """() => {
  const canvas = document.querySelector('.map__canvas');
  if (!canvas) return 0;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const words = new Uint32Array(data.buffer);
  const [length, background] = [words.length, words[0] & 0xffffff];
  let n = 0;
  for (let i = 0; i < length; i++) if ((words[i] & 0xffffff) !== background) n++;
  return n;
}"""
# A number that stands for the picture of a canvas.
PICTURE = """(canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const words = new Uint32Array(data.buffer);
  const length = words.length;
  let sum = 0;
  for (let i = 0; i < length; i++) sum = (Math.imul(sum, 31) + words[i]) | 0;
  return sum;
}"""
# Whether it stays the same for a while; a busy machine draws its next picture late.
STAYS = f"""async (canvas) => {{
  const picture = {PICTURE};
  const before = picture(canvas);
  await new Promise((done) => setTimeout(done, 120));
  for (let n = 0; n < 2; n++) await new Promise(requestAnimationFrame);
  return picture(canvas) === before;
}}"""
LINES = """() => {
  const canvas = document.querySelector('.map__overlay');
  if (canvas.hidden || canvas.width === 0) return 0;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const words = new Uint32Array(data.buffer);
  const length = words.length;
  let n = 0;
  for (let i = 0; i < length; i++) if (words[i] >>> 24) n++;
  return n;
}"""

# Where something is drawn, in pixels of the page: up to 200 places all over the canvas.
DRAWN_PLACES = """canvas => {
  const { width, height } = canvas;
  const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
  const words = new Uint32Array(data.buffer);
  const background = words[0] & 0xffffff;
  const isDrawn = (x, y) => (words[y * width + x] & 0xffffff) !== background;
  const found = [];
  for (let y = 12; y < height - 12; y += 2) {
    for (let x = 12; x < width - 12; x += 2) {
      if (isDrawn(x, y) && isDrawn(x - 1, y) && isDrawn(x, y - 1)) found.push([x, y]);
    }
  }
  const box = canvas.getBoundingClientRect();
  const n = Math.min(200, found.length);
  return Array.from({ length: n }, (_, i) => found[(i * 7919) % found.length])
    .map(([x, y]) => [box.x + (x * box.width) / width, box.y + (y * box.height) / height]);
}"""

# Two of them: what the first draws is on the page in the second.
FRAMES = """async () => {
  for (let n = 0; n < 2; n++) await new Promise(requestAnimationFrame);
}"""
OVER = f"""async (shown, kind) => {{
  await ({FRAMES})();
  const tooltip = shown.querySelector('.map.is-over-point .tooltip');
  return tooltip?.checkVisibility() === true && tooltip.innerText.includes(`${{kind}}, position`);
}}"""


def open_view(page: Page, address: str, query: str = "") -> Page:
    """Open the page and wait until it has drawn a map."""
    page.goto(address + query)
    expect_map(page)
    wait_until(lambda: is_still(page), "the map is whole")
    return page


def open_tab(page: Page, name: str) -> None:
    """Open a tab of the controls: View, Head or Find."""
    page.get_by_role("tab", name=name, exact=True).click()


def press_tool(page: Page, name: str) -> None:
    """Press a tool above the map, in the menu where there is no room for it in the row."""
    tool = page.locator(".bar").first.get_by_role("button", name=name, include_hidden=True)
    if not tool.is_visible():
        page.locator(".bar").first.get_by_role("button", name="More").click()
    tool.click()


def expect_map(page: Page | Frame) -> None:
    """Wait until a page has drawn a map, also when a form of sign-in is shown before it.

    Nothing is evaluated in the form: its script ends without an answer when the form goes.
    """
    canvas_of(page).wait_for()
    wait_until(lambda: page.evaluate(NOT_BACKGROUND) > 0, "a map is drawn")


def is_still(shown: Page | Locator) -> bool:
    """Whether nothing moves any more in the map of a page, or of a part of it."""
    return canvas_of(shown).evaluate(STAYS)


def wait_for_held(page: Page, held: list[Any], message: str) -> None:
    """Wait until a request is held, which is heard of only while the page is asked something."""
    wait_until(lambda: page.evaluate("0") or held, message)


def pass_time(page: Page, seconds: int = 2) -> None:
    """Let all happen at once that the page would do within a time; its clock is installed."""
    page.clock.run_for(1000 * seconds)
    next_frames(page)


def picture(shown: Page | Locator) -> int:
    """Return a number that stands for what is drawn now in the map of a page, or of a part."""
    return canvas_of(shown).evaluate(PICTURE)


def fingerprint(shown: Page | Locator) -> int:
    """Return a number that stands for the picture, once it is still."""
    wait_until(lambda: is_still(shown), "the picture is still")
    return picture(shown)


def canvas_of(shown: Page | Frame | Locator) -> Locator:
    """Return where the map of a page, or of a part of it, is drawn."""
    return shown.locator(".map__canvas").first


def box_of(page: Page, selector: str) -> dict[str, Any]:
    """Return where a part of the page is that is in sight."""
    box = page.locator(selector).bounding_box()
    assert box is not None
    return dict(box)


def find_point(
    page: Page, kind: str | None = None, pane: Locator | None = None
) -> tuple[float, float]:
    """Move the mouse over what is drawn until it is over a point (of a kind); return where."""
    shown = pane or page.locator("body")
    for x, y in shown.locator(".map__canvas").evaluate(DRAWN_PLACES):
        page.mouse.move(x, y)
        if not is_over(shown, kind):
            continue
        wait_until(lambda: is_still(shown), "the picture is still")
        if is_over(shown, kind):
            return x, y
    raise AssertionError(f"there is no {kind or 'point'} under the mouse anywhere")


def is_over(shown: Locator, kind: str | None) -> bool:
    """Whether the page, or a pane of it, says that a point (of a kind) is under the mouse."""
    return shown.evaluate(OVER, kind or "")


def next_frames(page: Page) -> None:
    """Wait until the page has drawn what it was asked for."""
    page.evaluate(FRAMES)


def select_point(page: Page, kind: str | None = None) -> dict[str, Any]:
    """Click a point; return its kind and token as the address has them."""
    page.mouse.click(*find_point(page, kind))
    expect(page.locator(".panel")).to_be_visible()
    return selected(page)


def query_of(page: Page) -> dict[str, str]:
    """Return the parts of the address."""
    return dict(page.evaluate("[...new URLSearchParams(location.search)]"))


def selected(page: Page) -> dict[str, Any]:
    """Return the selected point as the address has it."""
    kind, token = query_of(page)["selected"].split("-")
    return {"kind": kind, "token": int(token)}


def fetch_heads(page: Page, dataset: str = "words") -> list[dict[str, Any]]:
    """Return scores and maps of every head, layer by layer."""
    return heads_of(fetch_json(page, f"api/v1/datasets/{dataset}/heads"))


def fetch_json(page: Page, path: str) -> Any:
    """Return what the server says, as the page would ask."""
    return json.loads(page.evaluate("path => fetch(path).then((a) => a.text())", path))
