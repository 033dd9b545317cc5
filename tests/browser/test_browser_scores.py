"""Head scores in a real browser: tint, order and range of the grid, and a head's own scores."""

import json
import re
from typing import Literal

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from tests.browser.figure_reader import save_svg
from tests.browser.page_driver import (
    fetch_heads,
    fetch_json,
    fingerprint,
    next_frames,
    open_tab,
    open_view,
    query_of,
    wait_until,
)

GRID = "?dataset=words&method=pca"
N_HEADS = 4
# Induction of every head, layer by layer; two are equal, and one has no row.
INDUCTION = [0.31, 0.02, 0.97, None, 0.44, 0.44, 0.1, 0.63, 0.25, 0.8, 0.07, 0.52]
HIGHEST_FIRST = [2, 9, 7, 11, 4, 5, 0, 8, 6, 10, 1, 3]
LOWEST_FIRST = [1, 10, 6, 8, 0, 4, 5, 11, 7, 9, 2, 3]
PROFILE = {"offsets": [-2, -1, 0, 1], "weights": [0.2, None, 0.5, None], "n_rows": [7, 0, 1, 0]}
PIXEL = """([x, y]) => {
  const canvas = document.querySelector('.map__canvas');
  const ratio = canvas.width / canvas.clientWidth;
  return [...canvas.getContext('2d').getImageData(x * ratio, y * ratio, 1, 1).data.slice(0, 3)];
}"""


@pytest.fixture
def scored(page: Page) -> Page:
    """Return the page, which is told the induction scores above for the dataset of words."""

    def tell(route: Route) -> None:
        columns = json.loads(route.fetch().text())
        columns["scores"]["induction"] = {
            "value": INDUCTION,
            "n_rows": [
                0 if value is None else 1000 + head
                for value, head in zip(INDUCTION, columns["head"], strict=True)
            ],
        }
        route.fulfill(json=columns)

    def tell_profile(route: Route) -> None:
        route.fulfill(json={**json.loads(route.fetch().text()), "profile": PROFILE})

    page.route("**/datasets/words/heads", tell)
    page.route(re.compile(r"/datasets/words/heads/\d+/\d+$"), tell_profile)
    return page


def name_of(head: int) -> str:
    """Return what is written on a head."""
    return f"L{head // N_HEADS} H{head % N_HEADS}"


def cell(page: Page, head: int) -> Locator:
    """Return a head of the grid."""
    return page.get_by_role("button", name=re.compile(f"^{name_of(head)} "))


def names_as_seen(page: Page) -> list[str]:
    """Return the heads of the grid row by row, as they lie on the screen."""
    found = [
        (box, c.inner_text()) for c in page.locator(".cell").all() if (box := c.bounding_box())
    ]
    places = sorted((round(box["y"]), round(box["x"]), text[:5]) for box, text in found)
    return [name for _, _, name in places]


def ground(page: Page, head: int) -> list[int]:
    """Return the colour of the canvas at the lower edge of a head, where no point is."""
    box, corner = cell(page, head).bounding_box(), page.locator(".map").bounding_box()
    assert box is not None and corner is not None
    place = [box["x"] + box["width"] / 2 - corner["x"], box["y"] + box["height"] - corner["y"] - 2]
    return page.evaluate(PIXEL, place)


def tint(page: Page, head: int) -> int:
    """Return the brightness of a head's title."""
    strip = cell(page, head).locator(".cell__head")
    color = strip.evaluate("strip => getComputedStyle(strip).backgroundColor")
    return sum(map(int, re.findall(r"\d+", color)[:3]))


def middle(head: Locator) -> tuple[int, int]:
    """Return where a head lies on the screen."""
    box = head.bounding_box()
    assert box is not None
    return round(box["x"] + box["width"] / 2), round(box["y"] + box["height"] / 2)


def expect_cell(head: Locator, title: str, number: str) -> None:
    """Wait until a head of the grid has this title and number."""
    expect(head.locator(".cell__title")).to_have_text(title)
    expect(head.locator(".cell__badge")).to_have_text(number)


def words_of(value: float | None) -> str:
    """Return a score as a head has it."""
    return "–" if value is None else f"{value:.2f}"


def test_heads_are_tinted_by_a_score_and_faded_outside_a_range(scored: Page, address: str) -> None:
    open_view(scored, address, GRID)
    fingerprint(scored)
    white = ground(scored, 2)
    open_tab(scored, "Head")
    scored.get_by_label("Tint by").select_option(label="Induction")
    expect(scored.locator(".score-line__name")).to_have_text("Induction")
    expect(scored.locator(".score-line__scale")).to_have_text("0.020.97")
    expect(scored.locator(".score-line")).to_contain_text("– in 1 head")
    for head, value in enumerate(INDUCTION):
        expect_cell(cell(scored, head), name_of(head), words_of(value))
    assert query_of(scored)["score"] == "induction"
    fingerprint(scored)
    assert tint(scored, 2) < tint(scored, 4) < tint(scored, 1)
    assert cell(scored, 3).evaluate("head => head.matches('.is-undefined')")
    assert ground(scored, 2) == white  # the dots keep their ground
    facts = {s["name"]: s for s in fetch_json(scored, "api/v1/datasets")["scores"]}["induction"]
    scored.get_by_role("button", name="About: this score").click()
    for part in ("help", "formula", "source"):
        expect(scored.locator(".score-words__body").first).to_contain_text(facts[part])
    version = fetch_json(scored, "api/v1/datasets/words")["manifest"]["attentionviz_version"]
    expect(scored.locator(".score-words__body").first).to_contain_text(f"AttentionViz {version}")
    scored.keyboard.press("Escape")
    scored.get_by_role("button", name="No tint").click()
    expect(scored.locator(".score-line")).to_be_hidden()
    assert "score" not in query_of(scored)
    expect(scored.locator(".cell.is-tinted")).to_have_count(0)

    step_back_outside_of_a_range(scored)


def step_back_outside_of_a_range(scored: Page) -> None:
    scored.get_by_label("Tint by").select_option(label="Induction")
    scored.mouse.move(5, 5)
    full = fingerprint(scored)
    least = scored.get_by_role("slider", name="Heads from, from")
    least.focus()
    for _ in range(50):
        scored.keyboard.press("ArrowRight")
    bound = float(query_of(scored)["score-min"])
    assert 0.48 < bound < 0.51  # half of the way from 0.02 to 0.97
    inside = [head for head, value in enumerate(INDUCTION) if value is not None and value >= bound]
    expect(scored.locator(".score-line")).to_contain_text(f"{len(inside)} of 12 heads")
    expect(scored.locator(".cell.is-outside")).to_have_count(12 - len(inside))
    for head in inside:
        expect(cell(scored, head)).not_to_have_class(re.compile("is-outside"))
    assert fingerprint(scored) == full  # no map has gone
    cell(scored, 0).hover()
    expect(scored.locator(".tooltip")).to_contain_text("Outside of the chosen range")
    scored.get_by_label("Tint by").select_option(label="Entropy")
    expect(scored.locator(".score-line")).to_contain_text(
        f"{len(inside)} of 12 heads: Induction from"
    )
    scored.get_by_role("button", name="Show all").click()
    expect(scored.locator(".cell.is-outside")).to_have_count(0)
    cell(scored, 0).click()
    expect(scored.locator(".bar__title")).to_have_text("Layer 0, head 0")


def test_sorted_heads_slide_to_their_slots_and_are_operated_there(
    scored: Page, address: str
) -> None:
    open_view(scored, address, GRID)
    layered = names_as_seen(scored)
    assert layered == [name_of(head) for head in range(12)]
    picture = fingerprint(scored)
    open_tab(scored, "Head")
    scored.get_by_label("Sort by").select_option(label="Induction")
    highest_first = [name_of(head) for head in HIGHEST_FIRST]
    wait_until(lambda: names_as_seen(scored) == highest_first, "the heads are sorted")
    assert [text[:5] for text in scored.locator(".cell").all_inner_texts()] == names_as_seen(scored)
    expect(scored.locator(".axis__corner")).to_contain_text("rank")
    assert fingerprint(scored) != picture
    scored.get_by_label("Lowest first").click()
    lowest_first = [name_of(head) for head in LOWEST_FIRST]
    wait_until(lambda: names_as_seen(scored) == lowest_first, "the lowest is first")
    assert query_of(scored)["order-from"] == "lowest"
    scored.get_by_role("button", name="Back to layer × head").click()
    wait_until(lambda: names_as_seen(scored) == layered, "rows are layers again")
    expect(scored.locator(".axis__corner")).to_contain_text("L")
    assert fingerprint(scored) == picture

    slide_unless_motion_is_reduced(scored, address)
    use_heads_where_they_are_seen(scored, address)


def slide_unless_motion_is_reduced(scored: Page, address: str) -> None:
    open_view(scored, address, f"{GRID}&order=entropy")
    motions: tuple[Literal["reduce", "no-preference"], ...] = ("reduce", "no-preference")
    for motion, order in zip(motions, ("induction", "entropy"), strict=True):
        scored.emulate_media(reduced_motion=motion)
        before = middle(cell(scored, 3))
        seen = scored.evaluate(
            """async (order) => {
              const find = (all, words) => [...document.querySelectorAll(all)]
                .find((one) => one.textContent.startsWith(words));
              const cell = find('.cell', 'L0 H3');
              const choice = find('label', 'Sort by').control;
              choice.value = order;
              choice.dispatchEvent(new Event('change'));
              const places = new Set();
              for (let i = 0; i < 60; i++) {
                await new Promise(requestAnimationFrame);
                const { x, y } = cell.getBoundingClientRect();
                places.add(`${Math.round(x)} ${Math.round(y)}`);
              }
              return places.size;
            }""",
            order,
        )
        fingerprint(scored)
        assert middle(cell(scored, 3)) != before
        assert (seen > 3) == (motion == "no-preference")


def use_heads_where_they_are_seen(scored: Page, address: str) -> None:
    open_view(scored, address, f"{GRID}&score=induction&order=induction")
    expect(cell(scored, 9)).to_have_attribute(
        "aria-label", re.compile(r"^L2 H1 0\.80 Induction, layer 2, head 1, rank 2 of 12, ")
    )
    expect(cell(scored, 3)).to_have_attribute(
        "aria-label", re.compile(r"^L0 H3 – Induction, layer 0, head 3, no row has an earlier copy")
    )
    cell(scored, 4).hover()
    expect(scored.locator(".tooltip")).to_contain_text(
        "Induction 0.440, rank 5 of 11, over 1\u202f000 rows"
    )
    cell(scored, 2).focus()
    for key, head in [("ArrowRight", 9), ("ArrowDown", 5), ("ArrowLeft", 4), ("ArrowUp", 2)]:
        scored.keyboard.press(key)
        expect(scored.locator(".cell:focus")).to_contain_text(name_of(head))
    scored.keyboard.press("ArrowUp")
    expect(scored.locator(".cell:focus")).to_contain_text("L0 H2")
    expect(scored.locator(".cell[tabindex='0']")).to_have_count(1)

    title = scored.locator(".bar__title")
    cell(scored, 9).click()
    expect(title).to_have_text("Layer 2, head 1")
    scored.keyboard.press("ArrowRight")
    expect(title).to_have_text("Layer 2, head 2")
    scored.keyboard.press("g")
    expect(scored.locator(".cell:focus")).to_contain_text("L2 H2")
    box = cell(scored, 7).bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    scored.mouse.move(x, y)
    for _ in range(12):
        if title.inner_text() != "All heads":
            break
        scored.mouse.wheel(0, -300)
        next_frames(scored)
    expect(title).to_have_text("Layer 1, head 3")


def test_a_sorted_tinted_grid_is_restored_from_its_address_and_saved_as_shown(
    scored: Page, address: str
) -> None:
    order, bounds = "order=induction&order-from=lowest", "score-min=0.3&score-max=0.7"
    view = f"{GRID}&score=recall_at_10&{order}&filter=induction&{bounds}"
    open_view(scored, address, view)
    assert names_as_seen(scored)[:2] == ["L0 H1", "L2 H2"]
    expect(scored.get_by_label("Tint by")).to_have_value("recall_at_10")
    expect(scored.locator(".score-line")).to_contain_text(
        "5 of 12 heads: Induction from 0.30 to 0.70"
    )
    expect(scored.get_by_role("slider", name="Heads from, from")).to_have_attribute(
        "aria-valuetext", "0.30"
    )
    assert scored.evaluate("location.search") == view

    view = f"{GRID}&score=induction&order=induction&score-min=0.3"
    open_view(scored, address, view)
    figure = save_svg(scored)
    found = [(text, "".join(text.itertext())) for text in figure.all("text")]
    titles = [(t.attrib["y"], t.attrib["x"], w) for t, w in found if re.fullmatch(r"L\d H\d", w)]
    seen = sorted((float(y), float(x), words) for y, x, words in titles)
    assert [words for _, _, words in seen] == [name_of(head) for head in HIGHEST_FIRST]
    assert "Ground of the heads: Induction from 0.02 to 0.97" in figure.words()
    assert "Heads in the order of Induction, highest first" in figure.words()
    assert "Pale: heads outside of Induction from 0.30; 7 of 12 are inside." in figure.words()
    veils = [rect for rect in figure.all("rect") if rect.get("fill-opacity") == "0.8"]
    assert len(veils) == 5


def test_a_head_shows_its_scores_and_ranks_and_opens_the_grid_sorted_by_one(
    scored: Page, address: str
) -> None:
    open_view(scored, address, f"{GRID}&layer=1&head=3")
    open_tab(scored, "Head")
    scored.get_by_role("button", name=re.compile("All .* scores")).click()
    score = scored.locator(".own-score", has_text="Induction").first
    expect(score).to_contain_text("0.630")
    expect(score).to_contain_text("over 1\u202f003 rows, rank 3 of 11")
    expect(score.get_by_text("Formula")).to_be_hidden()
    score.locator("summary").click()
    facts = {s["name"]: s for s in fetch_json(scored, "api/v1/datasets")["scores"]}["induction"]
    for part in ("help", "formula", "source"):
        expect(score).to_contain_text(facts[part])
    score.get_by_role("button", name="Compare heads").click()
    expect(scored.locator(".bar__title")).to_have_text("All heads")
    wait_until(lambda: names_as_seen(scored)[0] == "L0 H2", "the heads are sorted")
    expect(scored.locator(".cell:focus")).to_contain_text("L1 H3")
    cell(scored, 7).click()
    expect(scored.locator(".bar__detail")).to_contain_text("Induction 0.630, rank 3 of 11")
    scored.keyboard.press("ArrowLeft")
    scored.keyboard.press("ArrowDown")
    expect(scored.locator(".own-score", has_text="Induction").first).to_contain_text("0.070")
    scored.goto(f"{address}{GRID}&layer=0&head=3")
    score = scored.locator(".own-score", has_text="Induction").first
    expect(score).to_contain_text("–")
    expect(score).to_contain_text("no row has an earlier copy of its own token")


def test_fidelity_is_offered_as_a_score_and_missing_scores_are_explained(
    page: Page, address: str
) -> None:
    open_view(page, address, f"{GRID}&score=trustworthiness&order=trustworthiness")
    heads = fetch_heads(page)
    values = [head["maps"]["pca-2d"]["fidelity"]["trustworthiness"] for head in heads]
    best = max(range(12), key=values.__getitem__)
    expect_cell(page.locator(".cell").first, name_of(best), f"{values[best]:.2f}")
    page.get_by_label("UMAP").click()
    other = [head["maps"]["umap-2d"]["fidelity"]["trustworthiness"] for head in heads]
    best = max(range(12), key=other.__getitem__)
    expect_cell(page.locator(".cell").first, name_of(best), f"{other[best]:.2f}")

    open_view(page, address, f"{GRID}&score=same_row")
    expect(page.locator(".notice__text")).to_have_text("This dataset has no head score “Same row”.")
    options = page.get_by_label("Tint by").locator("option").all_inner_texts()
    assert "Induction" in options
    assert "Same row" not in options
    page.get_by_role("combobox", name="Dataset").select_option("pictures")
    expect(page.get_by_label("Tint by").locator("option", has_text="Same row")).to_have_count(1)

    def strip(route: Route) -> None:
        columns = json.loads(route.fetch().text())
        for score in columns["scores"].values():
            score |= {"value": [None] * 12, "n_rows": [None] * 12}
        route.fulfill(json=columns)

    page.route("**/datasets/words/heads", strip)
    open_view(page, address, f"{GRID}&score=induction&order=recall_at_10")
    expect(page.locator(".section", has_text="Head scores")).to_contain_text("not computed yet")
    expect(page.locator(".score-line")).to_contain_text("– in 12 heads")
    expect(page.locator(".cell.is-undefined")).to_have_count(12)
    page.locator(".cell").first.click()
    expect(page.locator(".section", has_text="Scores of this head")).to_contain_text(
        "not computed yet"
    )
