"""Sentences of one's own: typed, shown in every map, compared, edited and removed."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect
from tests.browser.live_page import (
    CELLS,
    OTHER,
    REFUSED,
    SENTENCE,
    Live,
    add,
    n_tokens,
    open_text,
    weights_of,
)
from tests.browser.page_driver import fingerprint, query_of, wait_until


def test_a_typed_sentence_stands_in_the_map_of_every_head(page: Page, live: Live) -> None:
    open_text(page, live)
    before = page.evaluate(CELLS)
    page.keyboard.press("y")
    expect(page.locator(".user-sequences__field")).to_be_focused()
    page.keyboard.type(SENTENCE)
    page.keyboard.press("Enter")
    note = page.locator(".user-sequences__item .user-sequences__note")
    expect(note).to_contain_text("placed exactly")
    expect(page.locator(".user-sequences__field")).to_have_value("")
    expect(page.locator(".about")).to_contain_text(re.compile(r"\+ \d+ tokens of yours"))
    expect(page.locator(".legend")).to_contain_text("Larger and with a ring: your own (text 1)")
    fingerprint(page)
    after = page.evaluate(CELLS)
    assert len(before) == 4
    assert all(a != b for a, b in zip(before, after, strict=True))
    assert query_of(page)["selected"] == f"query-{n_tokens(page)}"


def test_its_attention_is_that_of_the_same_sentence_of_the_corpus(page: Page, live: Live) -> None:
    """The first sentence of the corpus typed again: the server computes one, the page the other."""
    for weight in ("", "&weight=value"):
        open_text(page, live, f"&method=pca&layer=1&head=1&selected=query-0{weight}")
        known = weights_of(page, 2)
        add(page, SENTENCE)
        expect(page.locator(".panel__title")).to_contain_text("your text 1")
        assert weights_of(page, 2) == known
        assert len(set(known)) > 2


def test_places_are_those_of_the_same_sentence_of_the_corpus(page: Page, live: Live) -> None:
    open_text(page, live, "&method=pca&layer=0&head=1")
    add(page, SENTENCE)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save figure").click()
        page.get_by_role("button", name="CSV").first.click()
    lines = Path(saved.value.path()).read_text(encoding="utf-8").splitlines()
    rows = [line.split(",") for line in lines[1:]]
    head = lines[0].split(",")
    own, x, y = (head.index(name) for name in ("own", "x", "y"))
    mine = [row for row in rows if row[own] == "your text 1"]
    assert len(mine) % 2 == 0 and mine
    corpus = [row for row in rows if row[own] == ""]
    n = len(mine) // 2
    nodes = [corpus[i] for i in (*range(n), *(len(corpus) // 2 + i for i in range(n)))]
    span = max(float(row[x]) for row in corpus) - min(float(row[x]) for row in corpus)
    for a, b in zip(mine, nodes, strict=True):
        assert abs(float(a[x]) - float(b[x])) < 1e-3 * span
        assert abs(float(a[y]) - float(b[y])) < 1e-3 * span


def test_another_map_places_it_anew_and_says_how(page: Page, live: Live) -> None:
    open_text(page, live)
    row = add(page, SENTENCE)
    for key, words in (("3", "placed by its neighbours, not fitted"), ("1", "placed exactly")):
        page.keyboard.press("Escape")
        page.locator(".map").click(position={"x": 5, "y": 300})
        page.keyboard.press(key)
        expect(row.locator(".user-sequences__note")).to_contain_text(words)
    page.keyboard.press("d")
    expect(row.locator(".user-sequences__note")).to_contain_text("placed exactly")
    page.keyboard.press("6")
    expect(row.locator(".user-sequences__note")).to_contain_text("placed")


def test_a_point_of_ones_own_says_whose_it_is_by_mouse_and_by_keys(page: Page, live: Live) -> None:
    open_text(page, live, "&method=pca&layer=1&head=1")
    add(page, SENTENCE)
    page.locator(".panel__head").click()
    page.keyboard.press("n")
    expect(page.locator(".tooltip__user-sequence")).to_have_text("Your text 1, placed exactly")
    expect(page.locator(".tooltip")).to_contain_text("position 1 of")
    expect(page.locator(".tooltip__partners")).not_to_contain_text("…")
    spoken = page.locator("[role=status]", has_text="of your text 1")
    expect(spoken).to_have_count(1)


def test_several_are_kept_opened_and_removed(page: Page, live: Live) -> None:
    open_text(page, live, "&method=pca&layer=1&head=0")
    add(page, SENTENCE)
    first = query_of(page)["selected"]
    add(page, OTHER)
    assert query_of(page)["selected"] != first
    rows = page.locator(".user-sequences__item")
    rows.nth(0).locator(".user-sequences__open").click()
    assert query_of(page)["selected"] == first
    expect(rows.nth(0).locator(".user-sequences__open")).to_have_attribute("aria-current", "true")
    rows.nth(1).locator(".user-sequences__open").click()
    tokens = page.locator(".sentence__main .sentence__column--query .sentence__token")
    expect(tokens.nth(1)).to_have_text("She")
    page.get_by_role("button", name="Remove your text 1").click()
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("Your text 2")
    # The selection goes along with its token, which has the number of the removed one now.
    assert query_of(page)["selected"] == first
    expect(tokens.nth(1)).to_have_text("She")
    page.get_by_role("button", name="Remove your text 2").click()
    expect(page.locator(".about")).not_to_contain_text("of yours")
    assert "selected" not in query_of(page)


def test_back_leads_to_the_same_word_after_a_text_before_it_went(page: Page, live: Live) -> None:
    open_text(page, live, "&method=pca&layer=1&head=0")
    add(page, SENTENCE)
    first = query_of(page)["selected"]
    add(page, OTHER)
    page.locator(".user-sequences__item").nth(0).locator(".user-sequences__open").click()
    assert query_of(page)["selected"] == first
    page.get_by_role("button", name="Remove your text 1").click()
    wait_until(lambda: "selected" not in query_of(page), "its selection went with it")
    page.go_back()
    tokens = page.locator(".sentence__main .sentence__column--query .sentence__token")
    expect(tokens.nth(1)).to_have_text("She")
    wait_until(lambda: query_of(page)["selected"] == first, "the address has its number of now")


def test_a_token_is_edited_and_all_others_stay(page: Page, live: Live) -> None:
    page.expected.append(REFUSED)  # type: ignore[attr-defined]
    open_text(page, live, "&method=pca&layer=1&head=0")
    row = add(page, SENTENCE)
    row.get_by_role("button", name="Edit the tokens of your text 1").click()
    chips = row.locator(".user-sequences__token")
    before = chips.all_inner_texts()
    assert before[:2] == ["[CLS]", "In"]
    chips.nth(4).click()
    field = row.locator(".user-sequences__token-field")
    field.fill("zebra")
    field.press("Enter")
    expect(row.get_by_role("alert").filter(has_text="zebra")).to_contain_text("vocabulary")
    expect(field).to_have_value("zebra")
    field.fill("letter")
    field.press("Enter")
    expect(chips).to_have_count(len(before))
    assert chips.all_inner_texts() == [*before[:4], "letter", *before[5:]]
    expect(chips.nth(4)).to_be_focused()
    expect(row).to_contain_text("edited")
    tokens = page.locator(".sentence__main .sentence__column--key .sentence__token")
    expect(tokens.nth(4)).to_have_text("letter")


def test_the_same_texts_run_through_another_model(page: Page, live: Live) -> None:
    open_text(page, live, "&method=pca&layer=1&head=1")
    add(page, SENTENCE)
    row = add(page, OTHER)
    row.get_by_role("button", name="Edit the tokens").click()
    row.locator(".user-sequences__token").nth(1).click()
    row.locator(".user-sequences__token-field").fill("He")
    row.locator(".user-sequences__token-field").press("Enter")
    expect(row).to_contain_text("edited")
    page.locator(".header__dataset").select_option("tiny-causal")
    rows = page.locator(".user-sequences__item")
    expect(rows.nth(0).locator(".user-sequences__note")).to_contain_text("placed")
    expect(rows.nth(1)).to_contain_text("Its tokens are those of tiny-text; it is shown there.")
    rows.nth(0).locator(".user-sequences__open").click()
    tokens = page.locator(".sentence__main .sentence__column--key .sentence__token")
    expect(tokens.nth(0)).to_have_text("In")


def test_two_panes_show_it_and_are_linked(page: Page, live: Live) -> None:
    compare = "&method=pca&layer=1&head=1&compare.dataset=tiny-causal&compare.method=pca"
    open_text(page, live, f"{compare}&compare.layer=0&compare.head=0")
    expect(page.locator(".stage")).to_have_count(2)
    page.keyboard.press("o")
    add(page, SENTENCE)
    # The model in front selects its first token; the other one reads it too, and selects its own.
    wait_until(lambda: "compare.selected" in query_of(page), "the model in front selects a token")
    wait_until(lambda: "selected" in query_of(page), "the other model selects its counterpart")
    expect(page.locator(".panes__link")).to_contain_text("7 sentences in both")


def test_colours_search_pairs_figure_and_table_know_it(page: Page, live: Live) -> None:
    open_text(page, live, "&method=pca&layer=1&head=1")
    page.locator(".search__input").fill("otters")
    expect(page.locator(".search__result")).to_contain_text("1 token")
    add(page, "otters")
    expect(page.locator(".search__result")).to_contain_text("2 tokens")
    page.locator(".search__input").fill("")
    pictures = set()
    for color in ("position", "norm", "attention"):
        options = page.locator("select.select option").all()
        value = next(o.get_attribute("value") for o in options if o.get_attribute("value") == color)
        page.locator(f"select:has(option[value='{color}'])").first.select_option(str(value))
        pictures.add(fingerprint(page))
    assert len(pictures) == 3
    page.locator(".sentence__main .sentence__column--key .sentence__button").nth(1).hover()
    page.locator(".panel__title").click()
    page.locator(".sentence__main .sentence__column--key .sentence__button").nth(1).hover()
    page.keyboard.press("+")
    expect(page.locator(".notices, .notice").first).to_contain_text("Pairs rank the heads over")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save figure").click()
        page.get_by_role("button", name="SVG").click()
    drawn = Path(saved.value.path()).read_text(encoding="utf-8")
    caption = re.sub(r"<[^>]+>", " ", drawn)
    assert re.search(r"With\s+1\s+own\s+sentence", caption)
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    expect(page.get_by_role("dialog")).to_contain_text("your text 1: otters")


def test_a_sentence_longer_than_the_corpus_has_no_mean_and_says_so(page: Page, live: Live) -> None:
    open_text(page, live, "&method=pca&layer=1&head=1")
    add(page, "the river " * 20)
    expect(page.locator(".aggregate")).to_contain_text("No sentence of the corpus is as long")
    expect(page.locator(".message")).to_be_hidden()
