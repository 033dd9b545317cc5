"""Heads found by pairs of a query and a key: marked in map, sentence and image, ranked, kept."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect
from tests.browser.figure_reader import save_svg
from tests.browser.page_driver import (
    fetch_json,
    find_point,
    fingerprint,
    open_tab,
    open_view,
    query_of,
    selected,
    wait_until,
)

TEXT = "?dataset=words&method=pca&layer=1&head=2&selected=query-1"
GRID = "?dataset=words&method=pca&pairs=strong-1-4.weak-1-2"
IMAGE = "?dataset=pictures&layer=1&head=2&selected=query-60"


def answer_to(page: Page, wish: str, dataset: str = "words") -> dict[str, Any]:
    """Return what the server says of these pairs, its heads from the best fit on."""
    found = fetch_json(page, f"api/v1/datasets/{dataset}/heads/pairs?{wish}")
    found["heads"].sort(key=lambda head: (-head["fit"], head["layer"], head["head"]))
    return found


def names(answer: dict[str, Any]) -> list[str]:
    return [f"L{head['layer']} H{head['head']}" for head in answer["heads"]]


def key_row(page: Page, position: int, kind: str = "key") -> Locator:
    return page.locator(f".sentence__main .sentence__column--{kind} .sentence__row").nth(position)


def chips(page: Page) -> Locator:
    return page.get_by_role("list", name="Marked pairs").get_by_role("listitem")


def ranked(page: Page) -> Locator:
    return page.get_by_role("list", name="Heads by fit").get_by_role("button")


def ranked_names(page: Page) -> list[str]:
    return [row.inner_text() for row in ranked(page).locator(".ranking__name").all()]


def test_pairs_marked_by_keyboard_rank_all_heads_and_open_them(page: Page, address: str) -> None:
    open_view(page, address, TEXT)
    key_row(page, 4).hover()
    page.keyboard.press("+")
    wait_until(lambda: query_of(page).get("pairs") == "strong-1-4", "the pair is in the address")
    key_row(page, 2).locator(".sentence__button").focus()
    page.keyboard.press("-")
    assert query_of(page)["pairs"] == "strong-1-4.weak-1-2"
    answer = answer_to(page, "strong=1-4&weak=1-2")
    expect(chips(page)).to_have_count(2)
    wait_until(lambda: ranked_names(page) == names(answer)[:8], "heads are ranked")
    best = answer["heads"][0]
    first = ranked(page).first
    expect(first.locator(".ranking__fit")).to_have_text(f"{best['fit']:.3f}")
    strong, weak = best["pairs"]
    expect(first).to_contain_text(
        f"#{strong['rank']} {strong['weight']:.2f} · #{weak['rank']} {weak['weight']:.2f}"
    )
    # The basket says the numbers of the open head.
    own = next(h for h in answer["heads"] if (h["layer"], h["head"]) == (1, 2))["pairs"][0]
    expect(chips(page).first).to_contain_text(
        f"L1 H2: rank {own['rank']} of 300 · weight {own['weight']:.3f}"
    )
    page.get_by_role("button", name="All 12 heads").click()
    assert ranked_names(page) == names(answer)
    wanted = next(h for h in answer["heads"] if (h["layer"], h["head"]) != (1, 2))
    ranked(page).nth(answer["heads"].index(wanted)).click()
    found = query_of(page)
    assert (found["layer"], found["head"]) == (str(wanted["layer"]), str(wanted["head"]))
    assert (found["selected"], found["pairs"]) == ("query-1", "strong-1-4.weak-1-2")
    expect(page.locator(".ranking__head[aria-current=true] .ranking__name")).to_have_text(
        f"L{wanted['layer']} H{wanted['head']}"
    )

    mark_without_a_pointer(page, address)
    mark_patches(page, address)


def mark_without_a_pointer(page: Page, address: str) -> None:
    """Walk to the other end of a pair; mark one whose key is selected."""
    open_view(page, address, f"{TEXT}&kind=key")
    for _ in range(3):
        page.keyboard.press("n")
    page.keyboard.press("+")
    wait_until(lambda: query_of(page).get("pairs", "").startswith("strong-1-"), "a pair is marked")
    expect(chips(page)).to_have_count(1)
    open_view(page, address, TEXT.replace("query-1", "key-4"))
    open_tab(page, "Find")
    page.locator(".pairs .section__head").click()
    page.get_by_role("button", name="Should not attend", exact=True).click()
    key_row(page, 2, "query").locator(".sentence__button").click()
    assert query_of(page)["pairs"] == "weak-2-4"
    assert "hidden" not in query_of(page)


def mark_patches(page: Page, address: str) -> None:
    open_view(page, address, IMAGE)
    patches = page.get_by_role("group", name="Patches").get_by_role("button")
    patches.nth(20).focus()
    page.keyboard.press("+")
    # 60 is the tenth token of the second image; its patches begin with token 51.
    assert query_of(page)["pairs"] == "strong-60-71"
    page.get_by_role("button", name="Should not attend", exact=True).click()
    patches.nth(3).click()
    assert query_of(page)["pairs"] == "strong-60-71.weak-60-54"
    assert query_of(page)["selected"] == "query-60"
    answer = answer_to(page, "strong=60-71&weak=60-54", "pictures")
    wait_until(lambda: ranked_names(page) == names(answer)[:6], "heads are ranked")
    expect(chips(page).first).to_contain_text("image 2 (1, 2)→ to image 2 (2, 6)")


def test_in_pairing_mode_a_click_marks_a_pair_and_invalid_pairs_give_a_notice(
    page: Page, address: str
) -> None:
    open_view(page, address, TEXT)
    open_tab(page, "Find")
    page.locator(".pairs .section__head").click()
    strong = page.get_by_role("button", name="Should attend", exact=True)
    strong.click()
    expect(strong).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".pairs__hint")).to_contain_text("Click a key")
    page.mouse.click(*find_point(page, "key"))
    expect(chips(page)).to_have_count(1)
    assert query_of(page)["pairs"].startswith("strong-1-")
    assert query_of(page)["selected"] == "query-1"
    page.mouse.click(*find_point(page, "query"))  # one of the same kind is selected, as always
    assert selected(page)["kind"] == "query"
    page.keyboard.press("Escape")
    expect(strong).to_have_attribute("aria-pressed", "false")
    assert "selected" in query_of(page)
    page.mouse.click(*find_point(page, "key"))
    assert selected(page)["kind"] == "key"
    expect(chips(page)).to_have_count(1)

    open_view(page, address, "?dataset=words&method=pca&layer=1&head=2")
    page.keyboard.press("+")
    expect(page.locator(".notice")).to_contain_text("Select a query or a key first")
    open_view(page, address, TEXT)
    key_row(page, 3, "query").hover()
    page.keyboard.press("+")
    expect(page.locator(".notice").last).to_contain_text("A pair needs a key")
    assert "pairs" not in query_of(page)


def test_pairs_are_inverted_removed_and_cleared_and_invalid_ones_dropped(
    page: Page, address: str
) -> None:
    open_view(page, address, GRID)
    expect(chips(page)).to_have_count(2)
    first = chips(page).first
    first.locator(".pairs__wish").click()
    assert query_of(page)["pairs"] == "weak-1-4.weak-1-2"
    expect(first.locator(".pairs__wish")).to_have_text("should not")
    wait_until(
        lambda: ranked_names(page) == names(answer_to(page, "weak=1-4,1-2"))[:8], "ranked anew"
    )
    first.get_by_role("button", name="Remove").click()
    assert query_of(page)["pairs"] == "weak-1-2"
    chips(page).first.locator(".pairs__words").click()
    assert query_of(page)["selected"] == "query-1"
    page.get_by_role("button", name="Clear", exact=True).click()
    assert "pairs" not in query_of(page)
    expect(page.locator(".ranking")).to_be_hidden()
    page.go_back()
    expect(chips(page)).to_have_count(1)

    drop_what_is_not_there(page, address)
    require_text(page, address)


def drop_what_is_not_there(page: Page, address: str) -> None:
    open_view(page, address, "?dataset=words&method=pca&pairs=strong-1-4.weak-1-300")
    expect(page.locator(".notice")).to_contain_text("outside 0..299 are dropped: 1 of 2")
    assert query_of(page)["pairs"] == "strong-1-4"
    expect(chips(page)).to_have_count(1)
    page.get_by_role("combobox", name="Dataset").select_option("few-maps")
    wait_until(lambda: query_of(page)["dataset"] == "few-maps", "the other dataset is open")
    expect(chips(page)).to_have_count(0)
    assert "pairs" not in query_of(page)


def require_text(page: Page, address: str) -> None:
    """Mark pairs of hostile tokens."""
    open_view(page, address, "?dataset=words&method=pca")
    tokens = fetch_json(page, "api/v1/datasets/words/tokens")["text"]
    bad = [i for i, text in enumerate(tokens) if text.startswith(("<script", "<img", "\u202e"))]
    assert len(bad) >= 2
    pairs = ".".join(f"strong-{token}-{bad[0]}" for token in bad[:4])
    open_view(page, address, f"?dataset=words&method=pca&layer=0&head=0&pairs={pairs}")
    expect(chips(page)).to_have_count(min(4, len(bad)))
    expect(ranked(page).first).to_be_visible()
    assert page.locator(".pairs script, .pairs img").count() == 0
    expect(chips(page).first).to_contain_text(tokens[bad[0]][:24])


def cell_names(page: Page) -> list[str]:
    """Return the heads of the grid in the order in which they are read."""
    return [words[:5] for words in page.locator(".cell").all_inner_texts()]


def test_the_fit_to_pairs_tints_sorts_and_filters_the_grid_until_cleared(
    page: Page, address: str
) -> None:
    open_view(page, address, GRID)
    answer = answer_to(page, "strong=1-4&weak=1-2")
    page.get_by_role("button", name="Compare heads").click()
    found = query_of(page)
    assert (found["score"], found["order"]) == ("pair_fit", "pair_fit")
    assert found["pairs"] == "strong-1-4.weak-1-2"
    wait_until(lambda: cell_names(page) == names(answer), "heads stand in the order of the fit")
    fits = [head["fit"] for head in answer["heads"]]
    expect(page.locator(".score-line__scale")).to_have_text(f"{fits[-1]:.2f}{fits[0]:.2f}")
    expect(page.locator(".score-line__name")).to_have_text("Fit to the pairs")
    page.goto(f"{address}{GRID}&filter=pair_fit&score-min={fits[4]:.6f}")
    n_inside = sum(fit >= round(fits[4], 6) for fit in fits)
    expect(page.locator(".score-line")).to_contain_text(f"{n_inside} of 12 heads")
    page.goto(f"{address}{GRID}&score=pair_fit&order=pair_fit")
    wait_until(lambda: cell_names(page) == names(answer), "the address gives the same order")
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.locator(".notice")).to_contain_text("No pair is marked, so heads have no fit")
    wait_until(lambda: cell_names(page)[:2] == ["L0 H0", "L0 H1"], "layer by layer again")
    assert not {"score", "order", "pairs"} & set(query_of(page))
    expect(page.locator(".score-line")).to_be_hidden()
    assert page.get_by_label("Tint by").locator("option[value=pair_fit]").count() == 0
    page.keyboard.press("Control+z")
    wait_until(lambda: cell_names(page) == names(answer), "pairs and order come back together")

    outline_the_best(page, address)


def outline_the_best(page: Page, address: str) -> None:
    """Read the places of all heads in the grid, until the pairs are cleared."""
    open_view(page, address, GRID)
    answer = answer_to(page, "strong=1-4&weak=1-2")
    for place, head in enumerate(answer["heads"], 1):
        cell = page.locator(".cell").nth(head["layer"] * 4 + head["head"])
        drawn = cell.evaluate("c => getComputedStyle(c, '::after').content")
        assert drawn == f'"#{place} {head["fit"]:.3f}"'
        name = cell.get_attribute("aria-label") or ""
        assert name.endswith(f"fit of the pairs {head['fit']:.3f}, place {place}")
        assert cell.evaluate("c => c.classList.contains('cell--fitting')") == (place <= 5)
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.locator(".cell--fitting")).to_have_count(0)
    assert "fit" not in (page.locator(".cell").first.get_attribute("aria-label") or "")


def test_the_table_of_heads_and_a_figure_include_the_fit_to_pairs(page: Page, address: str) -> None:
    open_view(page, address, GRID)
    answer = answer_to(page, "strong=1-4&weak=1-2")
    expect(ranked(page).first).to_be_visible()
    page.keyboard.press("h")
    table = page.get_by_role("dialog", name="All heads and their scores")
    column = table.get_by_role("columnheader", name="Fit to the pairs")
    expect(column.locator("svg")).to_be_visible()
    column.get_by_role("button").click()
    expect(column).to_have_attribute("aria-sort", "descending")
    assert table.locator(".head-table__open").all_inner_texts() == names(answer)
    with page.expect_download() as saved:
        table.get_by_role("button", name="CSV").click()
    lines = list(csv.DictReader(io.StringIO(Path(saved.value.path()).read_text("utf-8-sig"))))
    assert [float(line["pair_fit"]) for line in lines] == [h["fit"] for h in answer["heads"]]
    assert "pair_fit_n_rows" not in lines[0]
    with page.expect_download() as saved:
        table.get_by_role("button", name="JSON").click()
    told = json.loads(Path(saved.value.path()).read_text("utf-8"))
    assert told["pairs"] == [
        {"query_idx": 1, "key_idx": 4, "wish": "strong"},
        {"query_idx": 1, "key_idx": 2, "wish": "weak"},
    ]
    assert [head["pair_fit"] for head in told["heads"]] == [h["fit"] for h in answer["heads"]]

    open_view(page, address, f"{GRID}&score=pair_fit&order=pair_fit")
    expect(page.locator(".score-line__name")).to_have_text("Fit to the pairs")
    fingerprint(page)
    caption = save_svg(page).words()
    assert "Ground of the heads: Fit to the pairs from" in caption
    assert "Pairs: " in caption
    assert ", should attend" in caption
    assert ", should not attend" in caption
