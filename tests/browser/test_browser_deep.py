"""The grid of a model with more layers than fit: it scrolls like a page."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.axe import grave_findings
from tests.browser.page_driver import box_of, open_view, press_tool, query_of, wait_until
from tests.support.fake_dataset import FakeSpec, write_fake_dataset

N_LAYERS, N_HEADS = 30, 9
VIEW = "?dataset=deep&method=pca"
# Every third layer has heads, and the ninth fewer than the others.
UNEVEN = tuple(9 if layer % 3 == 2 else 0 for layer in range(8)) + (5, *(0, 0, 9) * 5)
# Titles, and for each how many pixels of its map are drawn; those that are cut are left out.
CELLS = """() => {
  const canvas = document.querySelector('.map__canvas');
  const { left, top } = canvas.getBoundingClientRect();
  const sight = document.querySelector('.grid__window').getBoundingClientRect();
  return [...document.querySelectorAll('.cell')].flatMap((cell) => {
    const [box, title] = [cell, cell.querySelector('.cell__head')].map((e) =>
      e.getBoundingClientRect());
    if (box.top < sight.top || box.bottom > sight.bottom) return [];
    if (box.left < sight.left || box.right > sight.right) return [];
    const [y, width, height] = [title.bottom, box.width, box.bottom - title.bottom];
    const pen = canvas.getContext('2d');
    const { data } = pen.getImageData(box.left - left, y - top, width, height);
    const words = new Uint32Array(data.buffer);
    const n = words.filter((word) => word !== words[0]).length;
    return [{ name: cell.querySelector('.cell__title').textContent, n, x: box.x, y, height }];
  });
}"""
SCROLLED = "() => document.querySelector('.grid__scroll').scrollTop"


@pytest.fixture(scope="module")
def deep(serve: Callable[[Path], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the address of a page over a model of 30 layers."""
    folder = tmp_path_factory.mktemp("deep")
    spec = FakeSpec("deep", n_layers=N_LAYERS, n_heads=N_HEADS, n_tokens=40, maps=("pca-2d",))
    write_fake_dataset(folder, spec)
    own = {"n_layers": 24, "own_heads": UNEVEN, "n_heads": 9}
    write_fake_dataset(folder, FakeSpec("uneven", n_tokens=40, maps=("pca-2d",), **own))
    return serve(folder)


def scrolled_to(page: Page, head: str) -> list[str]:
    """Wait until a head is whole in sight, and every map is drawn below its title; return all."""

    def names() -> list[str]:
        cells = page.evaluate(CELLS)
        assert all(cell["height"] >= 88 for cell in cells), cells
        found = [cell["name"] for cell in cells]
        return found if head in found and all(cell["n"] > 20 for cell in cells) else []

    return wait_until(names, head)


def test_axe_finds_nothing_serious_in_a_deep_grid(page: Page, deep: str) -> None:
    views = {"tinted": "&score=induction&order=previous", "whole": "&heads=all", "deep": ""}
    for name, view in views.items():
        open_view(page, deep, f"{VIEW}{view}")
        assert grave_findings(page) == [], name
    page.set_viewport_size({"width": 390, "height": 844})
    open_view(page, deep, VIEW)
    assert grave_findings(page) == [], "a phone"


def test_a_deep_grid_scrolls_by_wheel_keyboard_and_overview_and_can_fit_the_view(
    page: Page, deep: str
) -> None:
    page.set_viewport_size({"width": 1280, "height": 720})
    open_view(page, deep, VIEW)
    at_first = scrolled_to(page, "L0 H0")
    assert at_first[0] == "L0 H0" and f"L3 H{N_HEADS - 1}" in at_first
    assert page.locator(".cell").count() < 80  # of 270
    header = box_of(page, ".axis--heads")
    first = box_of(page, ".cell >> nth=0")
    assert 0 <= first["y"] - header["y"] - header["height"] < 8

    page.mouse.move(700, 400)
    page.mouse.wheel(0, 700)
    wait_until(lambda: page.evaluate(SCROLLED) == 700, "it is scrolled")
    scrolled_to(page, "L7 H0")
    assert box_of(page, ".axis--heads") == header
    wait_until(lambda: "center" in query_of(page), "the address says where one is")
    shared = page.url

    page.keyboard.press("End")
    assert f"L29 H{N_HEADS - 1}" in scrolled_to(page, "L29 H0")
    page.keyboard.press("PageUp")
    scrolled_to(page, "L24 H0")
    page.keyboard.press("Home")
    scrolled_to(page, "L0 H0")
    wait_until(lambda: "center" not in query_of(page), "it is at rest")

    overview = page.get_by_role("scrollbar", name="Overview of all heads: recall@10")
    box = box_of(page, ".overview__strip")
    page.mouse.click(box["x"] + 3, box["y"] + box["height"] * 20.5 / N_LAYERS)
    scrolled_to(page, "L20 H4")
    expect(overview).to_have_attribute("aria-valuetext", "layers 18 to 23, heads 0 to 8")
    overview.press("ArrowDown")
    expect(overview).to_have_attribute("aria-valuenow", "19")

    page.locator(".cell__title", has_text="L21 H3").click()
    expect(page.locator(".bar__title")).to_have_text("Layer 21, head 3")
    page.keyboard.press("g")
    scrolled_to(page, "L21 H3")
    page.keyboard.press("f")
    expect(page.get_by_role("button", name="Fit all")).to_have_attribute("aria-pressed", "true")
    last = page.get_by_role("button", name=f"Layer 29, head {N_HEADS - 1}")
    room, cell = box_of(page, ".map"), last.bounding_box()
    assert cell is not None and cell["y"] + cell["height"] <= room["y"] + room["height"]
    assert page.locator(".cell__title:visible").count() == 0 or (
        page.locator(".cell__head").first.evaluate("e => getComputedStyle(e).visibility")
        == "hidden"
    )
    assert query_of(page)["heads"] == "all"
    page.mouse.click(cell["x"] + cell["width"] / 2, cell["y"] + cell["height"] - 3)
    expect(page.locator(".bar__title")).to_have_text(f"Layer 29, head {N_HEADS - 1}")

    page.set_viewport_size({"width": 1600, "height": 1000})
    page.goto(shared)
    assert "L7 H8" in scrolled_to(page, "L7 H0")
    require_scrolled_together(page, deep)


def require_scrolled_together(page: Page, deep: str) -> None:
    """Scroll and zoom either of two grids of the same shape: the other one moves along."""
    open_view(page, deep, f"{VIEW}&compare.dataset=deep&compare.method=pca")
    places = "all => all.map((one) => [one.scrollLeft, one.scrollTop])"
    for pane, scrolled, key in ((0, 700, ""), (1, 1100, ""), (1, 1100, "Control")):
        box = page.locator(".map").nth(pane).bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 150, box["y"] + 200)
        if key:
            page.keyboard.down(key)
        page.mouse.wheel(0, -120 if key else 700 if pane == 0 else 400)
        if key:
            page.keyboard.up(key)

        def are_alike(least: int = scrolled + bool(key)) -> bool:
            first, second = page.locator(".grid__scroll").evaluate_all(places)
            return first == second and first[1] >= least

        wait_until(are_alike, f"both show the same rows after pane {pane}")


def test_on_a_phone_the_heads_are_one_column(page: Page, deep: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    open_view(page, deep, VIEW)
    cells = page.locator(".cell")
    boxes = [cell.bounding_box() for cell in cells.all()]
    assert len({box["x"] for box in boxes if box}) == 1
    assert 3 < len(boxes) < 12
    expect(cells.nth(2)).to_contain_text("L0 H2")
    page.evaluate("document.querySelector('.grid__scroll').scrollTop = 132 * 100")
    expect(cells.first).to_contain_text(f"L{100 // N_HEADS} H{100 % N_HEADS}")
    press_tool(page, "Fit all")
    expect(page.locator(".axis--layers")).to_be_visible()


def test_layers_without_heads_are_named_between_the_rows_and_passed_by_keys(
    page: Page, deep: str
) -> None:
    page.set_viewport_size({"width": 1280, "height": 720})
    open_view(page, deep, "?dataset=uneven&method=pca")
    scrolled_to(page, "L2 H8")
    notes = page.locator(".grid__note")
    assert notes.all_inner_texts()[:2] == [
        "L0–L1 no softmax attention here",
        "L3–L4 no softmax attention here",
    ]
    first, row = box_of(page, ".grid__note >> nth=0"), box_of(page, ".cell >> nth=0")
    assert first["y"] + first["height"] <= row["y"] + 1
    page.locator(".cell >> nth=8").focus()
    for key, title in (("Down", "L5 H8"), ("Down", "L8 H4"), ("Right", "L8 H4"), ("Up", "L5 H4")):
        page.keyboard.press(f"Arrow{key}")
        assert page.evaluate("document.activeElement.textContent").startswith(title)
    page.keyboard.press("End")
    expect(page.locator(".cell:focus .cell__title")).to_have_text("L23 H8")
    page.keyboard.press("Enter")
    wait_until(lambda: query_of(page).get("layer") == "23", "the last head")
    page.goto(f"{deep}?dataset=uneven&method=pca&layer=9&head=0")
    expect(page.get_by_text("Layer 9 has no heads: no softmax attention here")).to_be_visible()
