"""Sentences of one's own: typed, shown in every map, compared, edited and removed."""

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect
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
from tests.browser.page_driver import fingerprint, open_tab, press_tool, query_of, wait_until


def items_of(page: Page) -> Locator:
    return page.locator(".user-sequences__item")


def note_of(row: Locator) -> Locator:
    return row.locator(".user-sequences__note")


def open_button(row: Locator) -> Locator:
    return row.locator(".user-sequences__open")


def tokens_shown(page: Page, kind: str) -> Locator:
    """Return the tokens of one column of the sentence in the panel."""
    return page.locator(f".sentence__main .sentence__column--{kind} .sentence__token")


def test_a_typed_sentence_is_placed_in_every_map_and_kept_in_the_tab(
    page: Page, live: Live
) -> None:
    page.emulate_media(reduced_motion="reduce")
    open_text(page, live)
    require_in_the_map_of_every_head(page)
    require_edited_and_removed_by_keys(page)
    require_placed_in_another_map(page, add(page, SENTENCE))
    require_in_the_address_on_request(page)
    assert "a & b" not in page.evaluate("JSON.stringify({ ...localStorage })")
    open_text(page, live)
    open_tab(page, "Find")
    expect(items_of(page)).to_contain_text("a & b #1 <b>")
    expect(note_of(items_of(page))).to_contain_text("placed exactly")
    page.evaluate("sessionStorage.clear()")
    page.reload()
    expect(page.locator(".user-sequences")).to_be_visible()
    expect(items_of(page)).to_have_count(0)


def require_in_the_map_of_every_head(page: Page) -> None:
    """Type a sentence: the model is called with a letter, and every head shows its points."""
    sent: list[dict[str, Any]] = []

    def listen(request: Any) -> None:
        if request.url.endswith("/tiny-text/text"):
            sent.append(request.post_data_json)

    page.on("request", listen)
    before = page.evaluate(CELLS)
    page.keyboard.press("y")
    assert page.get_by_label("Your own sentence", exact=True).evaluate(
        "field => field === document.activeElement"
    )
    with page.expect_response("**/tiny-text/text") as answer:
        page.keyboard.type(SENTENCE)
    assert answer.value.ok
    assert sent == [{"text": "a", "maps": ["pca-2d"]}], "nothing typed is sent"
    expect(items_of(page)).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page.locator(".user-sequences__field")).to_have_value("")
    expect(note_of(items_of(page))).to_contain_text("placed exactly")
    assert [one["text"] for one in sent] == ["a", SENTENCE]
    expect(page.locator(".about")).to_contain_text(re.compile(r"\+ \d+ tokens of yours"))
    expect(page.locator(".legend")).to_contain_text("Larger, ringed: your own (text 1)")
    fingerprint(page)
    after = page.evaluate(CELLS)
    assert len(before) == 4
    assert all(a != b for a, b in zip(before, after, strict=True))
    assert query_of(page)["selected"] == f"query-{n_tokens(page) + 1}", "not [CLS]"


def require_edited_and_removed_by_keys(page: Page) -> None:
    names = []
    for _ in range(5):
        page.keyboard.press("Tab")
        names.append(
            page.evaluate("(({ activeElement: a }) => (a.labels?.[0] ?? a).innerText)(document)")
        )
    assert [name.split("\n")[0].strip() for name in names] == [
        "Run",
        "Your text 1",
        "Edit a copy of your text 1",
        "Remove your text 1",
        "Texts in the address",
    ]
    for key in ("Shift+Tab", "Shift+Tab", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_role("button", name="Token 1: [CLS]")).to_be_focused()
    for key in ("Tab", "Enter", "Control+a"):
        page.keyboard.press(key)
    page.keyboard.type("the")
    page.keyboard.press("Enter")
    expect(items_of(page).nth(1)).to_contain_text("edited")
    for n in (2, 1):
        page.get_by_role("button", name=f"Remove your text {n}").focus()
        page.keyboard.press("Enter")
    expect(page.locator(".user-sequences__field")).to_be_focused()
    expect(items_of(page)).to_have_count(0)


def require_placed_in_another_map(page: Page, row: Locator) -> None:
    for key, words in (
        ("3", "placed by nearest neighbours; map unchanged"),
        ("1", "placed exactly"),
    ):
        page.keyboard.press("Escape")
        page.locator(".map").click(position={"x": 5, "y": 300})
        page.keyboard.press(key)
        expect(note_of(row)).to_contain_text(words)
    page.keyboard.press("d")
    expect(note_of(row)).to_contain_text("placed exactly")
    page.keyboard.press("6")
    expect(note_of(row)).to_contain_text("placed")


def require_in_the_address_on_request(page: Page) -> None:
    """Add a second text; both are in the address, and back by it, as long as that is chosen."""
    add(page, "a & b #1 <b>")
    expect(page.locator(".user-sequences")).to_contain_text("The server stores nothing")
    assert "text" not in query_of(page)
    page.get_by_label("Texts in the address").check()
    wait_until(lambda: page.url.count("text=") == 2, "both texts are in the address")
    expect(page.locator(".user-sequences__foot")).to_contain_text("history keeps them")
    page.reload()
    rows = items_of(page)
    expect(rows).to_have_count(2)
    for i in range(2):
        expect(note_of(rows.nth(i))).to_contain_text("placed")
    expect(rows.nth(1)).to_contain_text("a & b #1 <b>")
    rows.first.get_by_role("button", name="Remove").click()
    wait_until(lambda: page.url.count("text=") == 1, "one is left in the address")
    page.get_by_label("Texts in the address").uncheck()
    wait_until(lambda: "text=" not in page.url, "the address says nothing of it")
    expect(rows).to_have_count(1)


def test_a_typed_corpus_sentence_gets_the_same_attention_and_points(page: Page, live: Live) -> None:
    """The first sentence of the corpus typed again: the server computes one, the page the other."""
    open_text(page, live, "&method=pca&layer=1&head=1&selected=query-0")
    weigh = page.get_by_label("Weighting")
    plain = weights_of(page, 2)
    assert len(set(plain)) > 2
    weigh.select_option("value")
    wait_until(lambda: weights_of(page, 2) != plain, "the attention is weighed")
    weighed = weights_of(page, 2)
    add(page, SENTENCE)
    expect(page.locator(".panel__title")).to_contain_text("your text 1")
    assert weights_of(page, 2) == weighed
    weigh.select_option("none")
    wait_until(lambda: weights_of(page, 2) == plain, "the attention is as it is in the corpus")
    require_places_of_the_corpus(page)
    require_said_whose_it_is(page)


def require_said_whose_it_is(page: Page) -> None:
    """Walk to a point of the sentence: the tooltip and what is spoken say whose it is."""
    page.locator(".panel__head").click()
    page.keyboard.press("n")
    expect(page.locator(".tooltip__user-sequence")).to_have_text("Your text 1, placed exactly")
    expect(page.locator(".tooltip")).to_contain_text("position 2 of")
    expect(page.locator(".tooltip__partners")).not_to_contain_text("…")
    spoken = page.locator("[role=status]", has_text="of your text 1")
    expect(spoken).to_have_count(1)


def require_places_of_the_corpus(page: Page) -> None:
    with page.expect_download() as saved:
        press_tool(page, "Save figure")
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


def test_several_typed_texts_are_opened_edited_removed_and_compared(page: Page, live: Live) -> None:
    page.expected.append(REFUSED)  # type: ignore[attr-defined]
    open_text(page, live, "&method=pca&layer=1&head=0")
    add(page, SENTENCE)
    first = query_of(page)["selected"]
    add(page, OTHER)
    assert query_of(page)["selected"] != first
    require_back_to_the_same_word(page, first)
    require_selection_follows_its_token(page, first)
    require_edited(page, items_of(page).first)
    add(page, OTHER)
    require_run_through_another_model(page)
    for name in ("Remove your text 3", "Remove your text 4", "Remove your text 5"):
        page.get_by_role("button", name=name).click()
    expect(page.locator(".about")).not_to_contain_text("of yours")
    assert "selected" not in query_of(page)


def require_back_to_the_same_word(page: Page, first: str) -> None:
    """Open the first of two texts and remove it; back leads to the word of the second."""
    rows = items_of(page)
    open_button(rows.nth(0)).click()
    assert query_of(page)["selected"] == first
    expect(open_button(rows.nth(0))).to_have_attribute("aria-current", "true")
    page.get_by_role("button", name="Remove your text 1").click()
    wait_until(lambda: "selected" not in query_of(page), "its selection went with it")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("Your text 2")
    page.go_back()
    expect(tokens_shown(page, "query").nth(1)).to_have_text("She")
    wait_until(lambda: query_of(page).get("selected") == first, "the address has its number of now")


def require_selection_follows_its_token(page: Page, first: str) -> None:
    """Remove a text before the selected one, whose token has the number of the removed one now."""
    add(page, SENTENCE)
    assert query_of(page)["selected"] != first
    expect(tokens_shown(page, "query").nth(1)).to_have_text("In")
    page.get_by_role("button", name="Remove your text 2").click()
    expect(items_of(page)).to_have_count(1)
    wait_until(lambda: query_of(page).get("selected") == first, "the selection has its new number")
    expect(tokens_shown(page, "query").nth(1)).to_have_text("In")


def require_edited(page: Page, row: Locator) -> None:
    """Put another word for a token; one that the model does not know is refused."""
    row.get_by_role("button", name="Edit a copy of your text 3").click()
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
    copy = items_of(page).nth(1)
    expect(copy).to_contain_text("edited")
    assert chips.all_inner_texts() == before, "the original stays"
    expect(tokens_shown(page, "key").nth(4)).to_have_text("letter")
    copy.get_by_role("button", name="Compare").click()
    require_side_by_side(page, [word for word in before if word], "letter")
    page.get_by_role("button", name="Close pane B").click()
    expect(page.locator(".stage")).to_have_count(1)


def require_side_by_side(page: Page, before: list[str], word: str) -> None:
    """Compare a text before and after the edit of its token 4: what only one has is a gap."""
    after = [*before[:4], word, *before[5:]]
    rows = {
        name: page.get_by_label(f"Attention in pane {name}").locator(
            ".sentence__column--query .sentence__row"
        )
        for name in "AB"
    }
    told = [
        [f"{token}, query, position {i + 1}" for i, token in enumerate(tokens)]
        for tokens in (before, after)
    ]
    told[0].insert(5, "")
    told[1].insert(4, "")
    expect(rows["A"]).to_have_text(told[0])
    expect(rows["B"]).to_have_text(told[1])
    expect(rows["B"].locator(".is-apart")).to_have_text(word)
    page.get_by_label("A − B").check()
    note = page.locator(".comparison__note")
    expect(note).to_contain_text(f"{len(before) - 1} tokens in both; not subtracted")
    expect(note).to_contain_text(f"{word}\u2069” (only B)")
    expect(page.locator(".difference__apart").first).to_contain_text(f"{before[4]}only A")


def require_run_through_another_model(page: Page) -> None:
    page.locator(".header__dataset").select_option("tiny-causal")
    edited, typed = items_of(page).nth(1), items_of(page).nth(2)
    expect(edited).to_contain_text("Its tokens are those of tiny-text; it is shown there.")
    expect(note_of(typed)).to_contain_text("placed")
    open_button(typed).click()
    expect(tokens_shown(page, "key").nth(0)).to_have_text("She")


def test_colours_search_pairs_figure_and_table_include_typed_texts(page: Page, live: Live) -> None:
    open_text(page, live, "&method=pca&layer=1&head=1")
    open_tab(page, "Find")
    page.locator(".search__input").fill("otters")
    expect(page.locator(".search__result")).to_contain_text("1 token")
    add(page, "otters")
    expect(page.locator(".search__result")).to_contain_text("2 tokens")
    page.locator(".search__input").fill("")
    open_tab(page, "View")
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
        press_tool(page, "Save figure")
        page.get_by_role("button", name="SVG").click()
    drawn = Path(saved.value.path()).read_text(encoding="utf-8")
    caption = re.sub(r"<[^>]+>", " ", drawn)
    assert re.search(r"With\s+1\s+own\s+sentence", caption)
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    expect(page.get_by_role("dialog")).to_contain_text("your text 1: otters")
    page.keyboard.press("Escape")
    open_tab(page, "Find")
    page.get_by_role("button", name="Remove your text 1").click()
    require_hostile_texts_are_legible(page)
    add(page, "the river " * 20)
    expect(page.locator(".aggregate")).to_contain_text("no sentence of the corpus is as long")
    expect(page.locator(".message")).to_be_hidden()


def require_hostile_texts_are_legible(page: Page) -> None:
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


def test_a_typed_text_is_shown_and_linked_in_two_panes(page: Page, live: Live) -> None:
    compare = "&method=pca&layer=1&head=1&compare.dataset=tiny-causal&compare.method=pca"
    open_text(page, live, f"{compare}&compare.layer=0&compare.head=0")
    expect(page.locator(".stage")).to_have_count(2)
    page.keyboard.press("o")
    add(page, SENTENCE)
    # The model in front selects its first token; the other one reads it too, and selects its own.
    wait_until(lambda: "compare.selected" in query_of(page), "the model in front selects a token")
    wait_until(lambda: "selected" in query_of(page), "the other model selects its counterpart")
    expect(page.locator(".panes__link")).to_contain_text("7 sentences in both")
