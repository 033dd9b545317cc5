"""The map of heads and the heads like one, as somebody uses them who looks for heads."""

import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.conftest import TEXT
from tests.browser.map_of_heads import dots, pixel, place_in_page
from tests.browser.page_driver import (
    fetch_heads,
    fetch_json,
    open_tab,
    open_view,
    press_tool,
    query_of,
    wait_until,
)
from tests.support.fake_dataset import FakeSpec, write_fake_dataset

HEAD = "?dataset=words&method=pca&layer=1&head=2"
# Another model on the sentences of "words".
TWIN = FakeSpec("words-twin", n_layers=2, n_heads=2, n_tokens=TEXT.n_tokens, maps=("pca-2d",))


def name_of(head: dict) -> str:
    return f"L{head['layer']} H{head['head']}"


def dot(page: Page, layer: int, head: int) -> Locator:
    return page.get_by_role("button", name=f"L{layer} H{head}, layer {layer}, head {head}")


def table(page: Page) -> list[list[str]]:
    """Return head, distance and alignment of every row."""
    rows = page.locator(".similar tbody tr").all()
    return [[cell.inner_text() for cell in row.locator("th, td").all()[:3]] for row in rows]


def in_words(number: float | None) -> str:
    return "n/a" if number is None else f"{number:.2f}".replace("-", "−")


def dock(page: Page) -> Locator:
    """Return the map of heads beside the grid."""
    return page.get_by_role("complementary", name="Map of heads")


def cell(page: Page, layer: int, head: int) -> Locator:
    """Return a head of the grid."""
    return page.locator(".cell").filter(has_text=f"L{layer} H{head} ")


def middle(mark: Locator) -> tuple[float, float]:
    """Return the middle of what is seen, in the page."""
    expect(mark).to_be_visible()
    box = mark.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def is_beside(one: Locator, other: Locator) -> bool:
    """Whether one thing ends where the other begins, at its right."""
    left, right = one.bounding_box(), other.bounding_box()
    assert left and right
    return left["x"] + left["width"] <= right["x"] + 1 and left["y"] < right["y"] + right["height"]


def test_the_map_of_heads_opens_beside_the_grid_and_highlights_and_opens_heads(
    page: Page, address: str
) -> None:
    open_view(page, address, "?dataset=words&method=pca")
    wide = page.locator(".map").bounding_box()
    press_tool(page, "Map of heads")
    assert len(dots(page)) == 12
    assert is_beside(page.locator(".map"), dock(page))
    narrow = page.locator(".map").bounding_box()
    assert wide and narrow
    assert narrow["width"] < wide["width"] - 100, "the grid made room"
    expect(dock(page)).to_contain_text("Stress 0.00")
    expect(dock(page)).to_contain_text("over 7 rows")
    expect(dock(page)).to_contain_text("layer 0")
    expect(dock(page)).to_contain_text("layer 2")
    assert len({tuple(pixel(page, dots(page)[layer, 0])) for layer in range(3)}) == 3
    page.mouse.move(*place_in_page(page, 2, 1))
    answer = fetch_json(page, "api/v1/datasets/words/similarity")
    nearest = next(h for h in answer["heads"] if name_of(h) == "L2 H1")["nearest"]
    expect(dock(page).locator(".map-of-heads__nearest li")).to_have_count(5)
    expect(dock(page).get_by_role("heading", name="Layer 2, head 1")).to_be_visible()
    first = dock(page).locator(".map-of-heads__nearest li").first
    expect(first).to_have_text(
        f"Layer {nearest[0]['layer']}, head {nearest[0]['head']}{nearest[0]['distance']:.2f}"
    )
    expect(dock(page).locator(".map-of-heads__lines line")).to_have_count(5)
    expect(page.locator(".cell.is-pointed")).to_have_count(1)
    expect(page.locator(".cell.is-pointed")).to_contain_text("L2 H1")
    cell(page, 0, 3).hover()
    expect(page.locator(".cell.is-pointed")).to_contain_text("L0 H3")
    ring, there = middle(page.locator(".map-of-heads__ring.is-pointed")), place_in_page(page, 0, 3)
    assert math.dist(ring, there) < 1
    expect(dock(page).get_by_role("heading", name="Layer 0, head 3")).to_be_visible()
    page.locator(".about__model").hover()
    expect(page.locator(".cell.is-pointed")).to_have_count(0)
    expect(page.locator(".map-of-heads__ring.is-pointed")).to_be_hidden()
    page.mouse.click(*place_in_page(page, 2, 1))
    expect(page.locator(".bar__title")).to_have_text("Layer 2, head 1")
    assert (query_of(page)["layer"], query_of(page)["head"]) == ("2", "1")
    expect(dock(page)).to_be_visible()
    expect(dot(page, 2, 1)).to_have_attribute("aria-current", "true")
    ring = middle(page.locator(".map-of-heads__ring.is-open"))
    assert math.dist(ring, place_in_page(page, 2, 1)) < 1

    page.keyboard.press("g")
    expect(page.locator(".bar__title")).to_have_text("All heads")
    require_names_apart(page)
    page.reload()
    assert len(dots(page)) == 12
    page.get_by_role("button", name="Fold the map of heads").click()
    page.reload()
    expect(page.get_by_role("button", name="Map of heads")).to_be_visible()
    expect(dock(page)).to_be_hidden()


def require_names_apart(page: Page) -> None:
    """Fail where a name on the map of heads covers another."""
    expect(page.locator(".map-of-heads__name")).not_to_have_count(0)
    boxes = page.evaluate(
        """() => [...document.querySelectorAll('.map-of-heads__name')].map((name) => {
          const { left, right, top, bottom } = name.getBoundingClientRect();
          return [left, right, top, bottom];
        })"""
    )
    for i, (left, right, top, bottom) in enumerate(boxes):
        for other in boxes[i + 1 :]:
            is_clear = right <= other[0] or other[1] <= left or bottom <= other[2]
            assert is_clear or other[3] <= top


def test_the_map_of_heads_has_the_tint_of_the_grid_and_fits_narrow_windows(
    page: Page, address: str
) -> None:
    open_view(page, address, "?dataset=words&method=pca")
    heads = fetch_heads(page)
    values = [head["scores"]["previous"]["value"] for head in heads]
    least = sorted(values)[6]
    view = f"?dataset=words&method=pca&score=previous&score-min={least:.6f}"
    open_view(page, address, view)
    press_tool(page, "Map of heads")
    first = dot(page, 0, 0)
    expect(first).to_have_attribute("aria-label", re.compile(f"Previous token {values[0]:.3f}, "))
    places = dots(page)
    for head, value in list(zip(heads, values, strict=True))[:3]:
        strip = cell(page, head["layer"], head["head"]).locator(".cell__head")
        *color, alpha = pixel(page, places[head["layer"], head["head"]])
        is_inside = value >= round(least, 6)
        assert (alpha == 255) == is_inside
        if is_inside:
            of_strip = strip.evaluate("e => getComputedStyle(e).backgroundColor")
            assert color == [int(part) for part in re.findall(r"\d+", of_strip)]
    expect(dock(page).locator(".legend")).to_contain_text("Previous token")
    expect(dock(page).locator(".legend")).to_contain_text(f"{max(values):.2f}")

    page.set_viewport_size({"width": 390, "height": 844})
    open_view(page, address, "?dataset=words&method=pca")
    expect(dock(page)).to_be_hidden()
    press_tool(page, "Map of heads")
    assert len(dots(page)) == 12
    sheet, map_box = dock(page).bounding_box(), page.locator(".map").bounding_box()
    assert sheet and map_box
    assert (sheet["x"], sheet["width"]) == (0, 390)
    assert sheet["y"] > map_box["y"]
    assert sheet["y"] + sheet["height"] <= 844
    page.mouse.click(*place_in_page(page, 2, 1))
    expect(page.locator(".bar__title")).to_have_text("Layer 2, head 1")
    expect(dock(page)).to_be_hidden()


def test_arrow_keys_move_on_the_map_of_heads_and_m_opens_and_closes_it(
    page: Page, address: str
) -> None:
    open_view(page, address, HEAD)
    page.keyboard.press("m")
    expect(dot(page, 1, 2)).to_be_focused()
    expect(dot(page, 1, 2)).to_have_attribute("aria-current", "true")
    expect(page.locator(".map-of-heads__status")).to_contain_text("Layer 1, head 2 (open)")
    before = dot(page, 1, 2).bounding_box()
    page.keyboard.press("ArrowRight")  # the layers of this dataset lie beside each other
    focused = page.locator(".map-of-heads__dot:focus")
    expect(focused).not_to_have_attribute("aria-current", "true")
    after = focused.bounding_box()
    assert before and after
    assert after["x"] > before["x"]
    name = focused.get_attribute("aria-label") or ""
    expect(page.locator(".map-of-heads__dot")).to_have_count(1)
    page.keyboard.press("Enter")
    wait_until(lambda: query_of(page)["head"] != "2" or query_of(page)["layer"] != "1", "opened")
    at = query_of(page)
    assert name.startswith(f"L{at['layer']} H{at['head']},")
    page.keyboard.press("Escape")
    expect(dock(page)).to_be_hidden()
    expect(page.get_by_role("button", name="Map of heads")).to_be_focused()
    assert query_of(page) == at, "folding the map changes nothing"
    page.keyboard.press("m")
    expect(dock(page)).to_be_visible()
    page.keyboard.press("m")
    expect(dock(page)).to_be_hidden()

    open_view(page, address, "?dataset=growing&layer=0&head=0")
    expect(page.get_by_role("button", name="Map of heads")).to_be_hidden()
    expect(page.locator(".similar")).to_be_hidden()
    page.keyboard.press("m")
    expect(dock(page)).to_be_hidden()


def test_similar_heads_are_listed_and_open_alone_or_in_a_second_pane(
    page: Page, address: str
) -> None:
    open_view(page, address, HEAD)
    open_tab(page, "Head")
    short = page.get_by_role("region", name="Head summary")
    heads = fetch_heads(page)
    places = {}
    for name in heads[6]["scores"]:
        values = [v for h in heads if (v := h["scores"][name]["value"]) is not None]
        own = heads[6]["scores"][name]["value"]
        if own is not None:
            places[name] = 1 + sum(value > own for value in values)
    line = short.get_by_role("button", name="Top behaviour")
    expect(line).to_contain_text(f"(rank {min(places.values())} of 12)")
    nearest = fetch_json(page, "api/v1/datasets/words/heads/1/2/similar")["heads"][0]
    like = short.get_by_role("button", name="Most similar")
    expect(like).to_contain_text(f"{name_of(nearest)}, distance {nearest['distance']:.2f}")
    for width, height in ((1440, 900), (1024, 768)):
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("() => new Promise(requestAnimationFrame)")
        for seen in (line, like):
            box = seen.bounding_box()
            assert box is not None
            assert box["y"] + box["height"] < height / 2, "above the fold"
    like.click()
    expect(page.locator(".similar tbody tr").first).to_be_in_viewport()
    line.click()
    expect(page.locator(".own-scores")).to_be_in_viewport()
    expect(page.locator(".section__head:focus")).to_contain_text("Scores of this head")
    page.keyboard.press("g")
    expect(short).to_be_hidden()

    page.set_viewport_size({"width": 1440, "height": 900})
    open_similar_heads(page, address)


def open_similar_heads(page: Page, address: str) -> None:
    open_view(page, address, HEAD)
    open_tab(page, "Head")
    page.locator("summary", has_text="Similar heads").click()
    answer = fetch_json(page, "api/v1/datasets/words/heads/1/2/similar")
    expect(page.locator(".similar tbody tr")).to_have_count(10)
    wanted = [
        [name_of(h), in_words(h["distance"]), in_words(h["alignment"])] for h in answer["heads"]
    ]
    assert table(page)[:5] == wanted[:5]
    expect(page.locator(".similar tbody tr:visible")).to_have_count(5)
    expect(page.get_by_text("Over 7 rows, token by token.")).to_be_visible()
    expect(page.get_by_label("Compare with")).to_be_hidden()
    page.get_by_role("button", name="All 10 heads").click()
    expect(page.locator(".similar tbody tr:visible")).to_have_count(10)
    assert table(page) == wanted
    page.locator(".similar__head").nth(6).click()
    at = answer["heads"][6]
    expect(
        page.get_by_role("heading", name=f"Layer {at['layer']}, head {at['head']}")
    ).to_be_visible()
    expect(page.locator(".similar__head").first).not_to_have_text(name_of(at))

    open_view(page, address, HEAD)
    answer = fetch_json(page, "api/v1/datasets/words/heads/1/2/similar")["heads"]
    page.get_by_role(
        "button", name=f"Open layer {answer[1]['layer']}, head {answer[1]['head']} beside"
    ).click()
    second = page.get_by_role("region", name="Pane B:")
    expect(second.locator(".bar__title")).to_have_text(
        f"Layer {answer[1]['layer']}, head {answer[1]['head']}"
    )
    found = query_of(page)
    assert (found["layer"], found["head"]) == ("1", "2"), "the open head stays"
    assert found["compare.dataset"] == "words"
    assert found["compare.layer"] == str(answer[1]["layer"])
    assert found["compare.head"] == str(answer[1]["head"])
    page.keyboard.press("o")
    expect(page.locator(".about .pane__name")).to_have_text("A")
    expect(page.locator(".similar__head").first).to_have_text(name_of(answer[0]))
    page.locator(".similar__head").first.focus()
    page.keyboard.press("b")
    expect(second.locator(".bar__title")).to_have_text(
        f"Layer {answer[0]['layer']}, head {answer[0]['head']}"
    )
    assert (query_of(page)["layer"], query_of(page)["head"]) == ("1", "2")


@pytest.fixture
def twins(serve: Callable[[Path], str], tmp_path: Path) -> str:
    """Return the address of two models on the same sentences."""
    write_fake_dataset(tmp_path, TEXT)
    write_fake_dataset(tmp_path, TWIN)
    return serve(tmp_path)


def test_similar_heads_of_another_model_open_alone_or_in_a_second_pane(
    page: Page, twins: str
) -> None:
    open_view(page, twins, HEAD)
    open_tab(page, "Head")
    page.locator("summary", has_text="Similar heads").click()
    page.get_by_label("Compare with").select_option("words-twin")
    expect(page.get_by_text("token by token")).to_contain_text("sentences")
    expect(page.locator(".similar tbody tr")).to_have_count(4)
    assert query_of(page)["similar-with"] == "words-twin"
    answer = fetch_json(page, "api/v1/datasets/words/heads/1/2/similar?with=words-twin")
    assert [row[0] for row in table(page)] == [name_of(h) for h in answer["heads"]]
    page.reload()
    expect(page.get_by_label("Compare with")).to_have_value("words-twin")
    expect(page.locator(".similar tbody tr")).to_have_count(4)
    page.locator(".similar__head").first.click()
    expect(page.locator(".header__dataset")).to_have_value("words-twin")
    at = answer["heads"][0]
    expect(
        page.get_by_role("heading", name=f"Layer {at['layer']}, head {at['head']}")
    ).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Compare with")).to_have_value("words-twin")

    open_view(page, twins, f"{HEAD}&selected=query-7&similar-with=words-twin")
    expect(page.locator(".similar tbody tr")).to_have_count(4)
    answer = fetch_json(page, "api/v1/datasets/words/heads/1/2/similar?with=words-twin")["heads"][0]
    page.locator(".similar__beside").first.click()
    second = page.get_by_role("region", name="Pane B:")
    expect(second.locator(".bar__title")).to_have_text(
        f"Layer {answer['layer']}, head {answer['head']}"
    )
    found = query_of(page)
    assert (found["dataset"], found["compare.dataset"]) == ("words", "words-twin")
    wait_until(lambda: "compare.selected" in query_of(page), "the same word is selected there")
