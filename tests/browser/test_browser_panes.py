"""Two panes side by side: heads, methods, datasets, linked through the token."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page, expect
from tests.browser.page_driver import (
    LINES,
    fetch_heads,
    fetch_json,
    find_point,
    is_still,
    open_tab,
    open_view,
    picture,
    press_tool,
    query_of,
    selected,
    wait_until,
)
from tests.browser.test_browser_accessibility import grave_findings
from tests.support.fake_dataset import FakeSpec, write_fake_dataset

WORDS = FakeSpec("words", n_layers=3, n_heads=4, n_tokens=300)
PIECES = FakeSpec("pieces", n_layers=2, n_heads=3, n_tokens=300, is_causal=True, is_cut=True)
OTHERS = FakeSpec("others", n_layers=2, n_heads=2, n_tokens=80, maps=("pca-2d", "pca-3d"), seed=9)
PICTURES = FakeSpec("pictures", modality="image", n_layers=2, n_heads=3, n_tokens=150, seed=2)
HEAD = "?dataset=words&method=pca&layer=1&head=2"
TWO_HEADS = f"{HEAD}&compare.dataset=words&compare.method=pca&compare.layer=0&compare.head=1"
TWO_MODELS = f"{HEAD}&compare.dataset=pieces&compare.method=pca&compare.layer=1&compare.head=0"
LINE_PIXELS = LINES.replace("() => {", "canvas => {").replace(
    "const canvas = document.querySelector('.map__overlay');", ""
)


@pytest.fixture(scope="module")
def address(serve: Callable[[Path], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the address of the page over two ways of cutting the same sentences, and others."""
    folder = tmp_path_factory.mktemp("panes")
    for spec in (WORDS, PIECES, OTHERS, PICTURES):
        write_fake_dataset(folder, spec)
    return serve(folder)


def pane(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=f"Pane {name}:")


def open_panes(page: Page, address: str, query: str) -> tuple[Locator, Locator]:
    open_view(page, address, query)
    a, b = pane(page, "A"), pane(page, "B")
    for one in (a, b):
        expect(one.locator(".map__canvas")).to_be_visible()
        wait_until(lambda one=one: is_still(one), "the picture is still")
    return a, b


def n_line_pixels(one: Locator) -> int:
    return one.locator(".map__overlay").evaluate(LINE_PIXELS)


def point_at(page: Page, one: Locator, kind: str | None = None) -> str:
    """Move the mouse over a point of a pane's map; return what its sheet says."""
    find_point(page, kind, one)
    return one.locator(".map.is-over-point .tooltip").inner_text()


def click_here(page: Page) -> None:
    page.mouse.down()
    page.mouse.up()


def test_compare_opens_a_second_pane_and_either_pane_can_be_closed(
    page: Page, address: str
) -> None:
    compare_and_choose(page, address)
    a, _ = open_panes(page, address, TWO_HEADS)
    move_divider(page, a)
    close_in_every_way(page)


def compare_and_choose(page: Page, address: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_view(page, address, HEAD)
    press_tool(page, "Compare")
    a, b = pane(page, "A"), pane(page, "B")
    expect(b).to_have_attribute("aria-current", "true")
    expect(a).not_to_have_attribute("aria-current", "true")
    for one in (a, b):
        expect(one.locator(".bar__title")).to_have_text("Layer 1, head 2")
    expect(page.locator(".header").get_by_role("combobox", name="Dataset")).to_be_hidden()
    expect(page.locator(".about .pane__name")).to_have_text("B")
    page.keyboard.press("ArrowRight")
    expect(b.locator(".bar__title")).to_have_text("Layer 1, head 3")
    expect(a.locator(".bar__title")).to_have_text("Layer 1, head 2")
    page.keyboard.press("o")
    expect(a).to_have_attribute("aria-current", "true")
    page.keyboard.press("ArrowUp")
    expect(a.locator(".bar__title")).to_have_text("Layer 0, head 2")
    b.locator(".bar__words").click()
    expect(b).to_have_attribute("aria-current", "true")
    page.keyboard.press("g")
    expect(b.locator(".bar__title")).to_have_text("All heads")
    expect(a.locator(".bar__title")).to_have_text("Layer 0, head 2")
    assert not any("/datasets/pictures" in url for url in asked)
    b.get_by_role("combobox", name="Dataset").select_option("pictures")
    expect(page.locator(".panel")).to_contain_text("Images")
    assert any("/datasets/pictures" in url for url in asked)


def move_divider(page: Page, a: Locator) -> None:
    divider = page.get_by_role("separator", name="Share of pane A")
    width = a.bounding_box()["width"]
    divider.focus()
    page.keyboard.press("ArrowRight")
    expect(divider).to_have_attribute("aria-valuenow", "55")
    assert a.bounding_box()["width"] > width + 20
    expect(page.locator(".bar__title").first).to_have_text("Layer 1, head 2")
    box = divider.bounding_box()
    page.mouse.move(box["x"], box["y"] + 300)
    page.mouse.down()
    page.mouse.move(box["x"] - 200, box["y"] + 300, steps=4)
    page.mouse.up()
    assert a.bounding_box()["width"] < width - 20
    divider.dblclick()
    expect(divider).to_have_attribute("aria-valuenow", "50")


def close_in_every_way(page: Page) -> None:
    """Close a pane by key and button; the history brings it back each time."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for way, title in (("Escape", "head 2"), ("c", "head 2"), ("B", "head 2"), ("A", "head 1")):
        pane(page, "A").locator(".bar__words").click()  # keys keep the pane in front
        expect(pane(page, "A")).to_have_attribute("aria-current", "true")
        asked.clear()
        if way in "AB":
            page.get_by_role("button", name=f"Close pane {way}").click()
        else:
            page.keyboard.press(way)
        expect(page.locator(".stage")).to_have_count(1)
        expect(page.locator(".bar__title")).to_contain_text(title)
        expect(page.locator(".pane__head, .divider, .panes__link")).to_have_count(0)
        expect(page.get_by_role("button", name="Compare")).to_be_visible()
        assert not [name for name in query_of(page) if name.startswith("compare")]
        # The list of similar heads follows the pane in front, and comes from the browser's cache.
        paths = [url for url in asked if "/api/v1/datasets/words" in url]
        assert not [url for url in paths if "/similar" not in url]
        page.go_back()
        expect(page.locator(".stage")).to_have_count(2)
        expect(pane(page, "B").locator(".bar__title")).to_have_text("Layer 0, head 1")


def test_hovering_and_selecting_in_one_pane_is_shown_in_the_other(page: Page, address: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    a, b = open_panes(page, address, TWO_HEADS)
    paths = [url for url in asked if "/api/v1/datasets/words" in url]
    assert len(paths) == len(set(paths))  # what both show is asked for once
    plain = picture(b)
    point_at(page, a)
    wait_until(lambda: picture(b) != plain, "the point stands out in the other pane")
    expect(b.locator(".tooltip")).to_be_hidden()
    page.mouse.move(5, 5)
    wait_until(lambda: picture(b) == plain, "it is as before")
    plain = picture(a)
    point_at(page, b)
    wait_until(lambda: picture(a) != plain, "the other way round, too")

    click_here(page)
    for one in (a, b):
        wait_until(lambda one=one: n_line_pixels(one) > 0, "attention lines are drawn")
    assert "compare.selected" not in query_of(page)
    expect(page.locator(".panel .pane__name")).to_have_text("B")
    expect(page.locator(".panel__title")).to_contain_text("Layer 0, head 1")
    expect(page.locator(".panel__pane")).to_contain_text("Pane B · words · L0 H1")
    page.keyboard.press("o")
    expect(page.locator(".panel .pane__name")).to_have_text("A")
    expect(page.locator(".panel__title")).to_contain_text("Layer 1, head 2")
    expect(page.locator(".panel__pane")).to_contain_text("Pane A · words · L1 H2")
    page.get_by_role("button", name="Switch to pane B").click()
    expect(page.locator(".panel .pane__name")).to_have_text("B")
    expect(page.locator(".panel__title")).to_contain_text("Layer 0, head 1")
    page.get_by_role("button", name="Switch to pane A").click()
    expect(page.locator(".panel__title")).to_contain_text("Layer 1, head 2")
    page.keyboard.press("Escape")
    assert "selected" not in query_of(page)
    page.mouse.move(5, 5)  # what is under the mouse has lines of its own
    for one in (a, b):
        wait_until(lambda one=one: n_line_pixels(one) == 0, "attention lines are gone")

    wait_until(lambda: is_still(b), "the picture is still")
    plain = picture(b)
    box = a.locator(".map").bounding_box()
    assert box is not None
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + 40, box["y"] + 200)
    page.mouse.down()
    for x, y in ((0.9, 0.3), (0.9, 0.8), (0.1, 0.8)):
        page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y, steps=6)
    page.mouse.up()
    page.keyboard.up("Shift")
    expect(a.locator(".marked")).to_be_visible()
    wait_until(lambda: picture(b) != plain, "marked points stand out in the other pane")


def test_a_second_pane_shows_another_method_or_dataset_and_how_it_is_linked(
    page: Page, address: str
) -> None:
    a, b = open_panes(page, address, TWO_HEADS.replace("compare.layer=0", "compare.layer=1"))
    before = picture(a), picture(b)
    b.get_by_label("Projection method").select_option("umap")
    wait_until(lambda: picture(b) != before[1], "another map is drawn")
    b.get_by_label("3-D").check()
    expect(a.get_by_label("Projection method")).to_have_value("pca")
    expect(a.get_by_label("2-D")).to_be_checked()
    page.mouse.move(5, 5)
    wait_until(lambda: picture(a) == before[0], "the first pane is as it was")
    shown = {"method": "pca", "compare.method": "umap", "compare.dims": "3"}
    assert shown.items() <= query_of(page).items()

    b.get_by_role("combobox", name="Dataset").focus()
    b.get_by_role("combobox", name="Dataset").select_option("pictures")
    link = page.locator(".panes__link")
    expect(link).to_have_text("A and B: a text and an image dataset, linked by the search only")
    expect(b.locator(".bar__title")).to_have_text("All heads")
    expect(page.locator(".notice")).to_have_count(0)
    expect(page.locator(".panel")).to_contain_text("Images")
    page.keyboard.press("o")
    expect(page.locator(".panel")).to_be_hidden()

    query = TWO_HEADS.replace("compare.dataset=words", "compare.dataset=others")
    a, b = open_panes(page, address, query)
    link = page.locator(".panes__link")
    expect(link).to_have_text("A and B: different sentences, linked by the search only")
    plain = picture(a), picture(b)
    open_tab(page, "Find")
    page.get_by_role("searchbox").fill("rain")
    wait_until(lambda: picture(a) != plain[0] and picture(b) != plain[1], "both show hits")
    page.keyboard.press("Escape")
    point_at(page, a)
    click_here(page)
    wait_until(lambda: n_line_pixels(a) > 0, "attention lines are drawn")
    assert n_line_pixels(b) == 0
    assert "compare.selected" not in query_of(page)


def test_two_models_of_the_same_sentences_are_linked_by_words(page: Page, address: str) -> None:
    link_by_words(page, address)
    require_the_same_word_in_another_dataset(page, address)
    a, b = open_panes(page, address, f"{TWO_MODELS}&selected=query-40")
    require_room(page, a, b)
    page.set_viewport_size({"width": 1440, "height": 900})
    require_no_findings(page)
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    expect(page.locator(".bar__title").first).to_have_text("All heads")
    require_no_findings(page)


def require_no_findings(page: Page) -> None:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.evaluate("() => new Promise(requestAnimationFrame)")
        assert grave_findings(page) == [], scheme


def require_the_same_word_in_another_dataset(page: Page, address: str) -> None:
    """Show another dataset in a pane: it selects the word, not the token of the same number."""
    _, b = open_panes(page, address, f"{TWO_HEADS}&selected=query-150")
    b.get_by_role("combobox", name="Dataset").select_option("pieces")
    wait_until(lambda: "compare.selected" in query_of(page), "the word is selected")
    token = int(query_of(page)["compare.selected"].split("-")[1])
    words, pieces = (fetch_json(page, f"api/v1/datasets/{id}/tokens") for id in ("words", "pieces"))
    assert token != 150
    assert pieces["sequence"][token] == words["sequence"][150]
    assert pieces["text"][token].strip() in words["text"][150]


def link_by_words(page: Page, address: str) -> None:
    a, b = open_panes(page, address, TWO_MODELS)
    n = len(fetch_json(page, "api/v1/datasets/words/tokens")["sequences"]["text"])
    expect(page.locator(".panes__link")).to_have_text(
        f"A and B: {n} sentences in both, linked by the words"
    )
    for one, dataset, at in ((a, "words", (1, 2)), (b, "pieces", (1, 0))):
        heads = fetch_heads(page, dataset)
        facts = next(h for h in heads if (h["layer"], h["head"]) == at)["maps"]["pca-2d"]
        recall = facts["fidelity"]["recall_at_10"]
        expect(one.locator(".bar__detail")).to_have_text(f"recall@10 {recall:.2f}")
    words = fetch_json(page, "api/v1/datasets/words/tokens")
    pieces = fetch_json(page, "api/v1/datasets/pieces/tokens")
    plain = picture(a)
    point_at(page, b)
    wait_until(lambda: picture(a) != plain, "the word stands out in the other pane")
    click_here(page)
    wait_until(lambda: "selected" in query_of(page), "the word is selected, too")
    kind, token = query_of(page)["compare.selected"].split("-")
    point = selected(page)
    word, piece = words["text"][point["token"]], pieces["text"][int(token)].strip()
    assert piece in word
    assert kind == point["kind"]
    assert words["sequence"][point["token"]] == pieces["sequence"][int(token)]
    for one in (a, b):
        wait_until(lambda one=one: n_line_pixels(one) > 0, "attention lines are drawn")


def require_room(page: Page, a: Locator, b: Locator) -> None:
    """Fail where a pane, or what is in its head, has no room in a window of some size."""
    for width, height in ((1440, 900), (1024, 700), (390, 800)):
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("() => new Promise(requestAnimationFrame)")
        boxes = [one.bounding_box() for one in (a, b)]
        assert boxes[0] is not None
        assert boxes[1] is not None
        if width > 1100:
            assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
            assert boxes[0]["y"] == boxes[1]["y"]
        else:
            assert boxes[0]["y"] + boxes[0]["height"] <= boxes[1]["y"]
            assert boxes[0]["x"] == boxes[1]["x"]
            assert boxes[0]["width"] == boxes[1]["width"]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for one, box in zip((a, b), boxes, strict=True):
            parts = one.locator(".pane__head > *, .bar > *:visible").all()
            for inside in [part.bounding_box() for part in parts]:
                edge = box["x"] + box["width"] + 1
                assert inside is None or inside["x"] + inside["width"] <= edge


def pattern_of(page: Page, address: str, at: tuple[int, int], sequence: int) -> NDArray[np.float32]:
    """Return the pattern of a head of `words`, shape (query, key)."""
    path = "api/v1/datasets/words/heads/{}/{}/attention/{}".format(*at, sequence)
    answer = page.request.get(f"{address}{path}")
    shape = [int(n) for n in answer.headers["x-shape"].split(",")]
    return np.frombuffer(answer.body(), np.float32).reshape(shape)


def test_a_minus_b_is_the_difference_of_the_patterns_and_a_lock_keeps_a_selection(
    page: Page, address: str
) -> None:
    open_panes(page, address, TWO_HEADS)
    sequences = fetch_json(page, "api/v1/datasets/words/tokens")["sequences"]
    # So short that all of its rows are on the page.
    sequence = next(i for i, n in enumerate(sequences["length"]) if 8 <= n <= 16)
    start = sequences["start"][sequence]
    chosen = start + 5
    open_panes(page, address, f"{TWO_HEADS}&selected=query-{chosen}")
    patterns = [pattern_of(page, address, at, sequence) for at in ((1, 2), (0, 1))]
    rows = [pattern[5] for pattern in patterns]
    comparison = page.get_by_role("complementary", name="Comparison of both panes")
    halves = comparison.locator(".comparison__half")
    for half, row in zip(halves.all(), rows, strict=True):
        weights = half.locator(".sentence__column--key .sentence__weight")
        expect(weights).to_have_text([f"{w:.2f}" if w >= 0.01 else "" for w in row])

    comparison.get_by_label("A − B").check()
    keys = comparison.get_by_role("list", name="Keys")
    written = keys.locator(".difference__weight")
    signed = [(w, f"{'−' if w < 0 else '+'}{abs(w):.2f}") for w in rows[0] - rows[1]]
    assert min(signed)[0] < -0.01
    assert max(signed)[0] > 0.01
    expect(written).to_have_text([text if abs(w) >= 0.01 else "" for w, text in signed])
    largest = np.abs(patterns[0] - patterns[1]).max()
    expect(comparison.locator(".difference__legend")).to_contain_text(f"largest {largest:.2f}")

    page.get_by_role("button", name="Lock the selection of pane A").click()
    comparison.get_by_label("Side by side").check()
    halves.nth(1).get_by_role("list", name="Queries").get_by_role("button").nth(0).click()
    wait_until(lambda: query_of(page).get("compare.selected") == f"query-{start}", "B has another")
    assert query_of(page)["selected"] == f"query-{chosen}"
    for half, position in ((halves.nth(0), 5), (halves.nth(1), 0)):
        expect(half.locator(".is-selected")).to_have_attribute("aria-posinset", str(position + 1))
    page.get_by_role("button", name="Lock the selection of pane A").click()
    wait_until(lambda: selected(page)["token"] == start, "an unlocked pane follows the other one")


WRONG_PARTS = {
    "compare.dataset=nowhere": "There is no dataset “nowhere”",
    "compare.dataset=others&compare.method=umap": "has no map “umap-2d”",
    "compare.dataset=pieces&compare.layer=2&compare.head=0": "Layer 2 is outside 0..1",
    "compare.method=pca": "compare.method=pca",
}


def test_both_panes_are_restored_from_the_address_and_invalid_parts_get_a_notice(
    page: Page, address: str
) -> None:
    query = (
        f"{HEAD}&selected=query-40&color=position&search=rain&compare.dataset=pieces"
        "&compare.method=umap&compare.dims=3&compare.layer=0&compare.head=1"
    )
    a, b = open_panes(page, address, query)
    wait_until(lambda: "compare.selected" in query_of(page), "the other selection is found")
    whole = page.evaluate("location.search")
    a, b = open_panes(page, address, whole)
    assert page.evaluate("location.search") == whole
    expect(a.locator(".bar__title")).to_have_text("Layer 1, head 2")
    expect(b.locator(".bar__title")).to_have_text("Layer 0, head 1")
    expect(b.get_by_role("combobox", name="Dataset")).to_have_value("pieces")
    expect(b.get_by_label("Projection method")).to_have_value("umap")
    expect(b.get_by_label("3-D")).to_be_checked()
    expect(page.locator(".notice")).to_have_count(0)
    assert page.title() == "L1 H2 · words | L0 H1 · pieces | AttentionViz"

    for part, words in WRONG_PARTS.items():
        page.goto(f"{address}{HEAD}&{part}")
        expect(page.locator(".notice")).to_have_count(1)
        expect(page.locator(".notice")).to_contain_text(words)
        expect(page.locator(".bar__title").first).to_have_text("Layer 1, head 2")
