"""Colours and search in a real browser: what they mean, what they find and what they say."""

import re
from typing import Any

from playwright.sync_api import Page, expect
from tests.browser.page_driver import (
    fetch_json,
    fingerprint,
    open_tab,
    open_view,
    query_of,
    wait_until,
)

TEXT = "?dataset=words"
IMAGE = "?dataset=pictures&method=pca&layer=1&head=2"


def tokens_of(page: Page, dataset: str = "words") -> dict[str, Any]:
    """Return the columns of a dataset."""
    return fetch_json(page, f"api/v1/datasets/{dataset}/tokens")


def legend_words(page: Page) -> list[str]:
    """Return the names of the swatches."""
    return page.locator(".legend__words").all_inner_texts()


MODES = {
    TEXT: {
        "punctuation": "punctuation or special",
        "token-length": "characters of the token",
        "sentence-length": "tokens of the sentence",
        "first-letter": "the ten most frequent",
        "sequence": "first to last sentence",
    },
    IMAGE: {
        "hue": "360°",
        "brightness": "darkest to brightest",
        "column:label": "green",
        "image": "first to last image",
        "type": "Patch images, tinted by kind.",
    },
}


def test_every_colour_mode_draws_a_different_picture_and_has_a_legend(
    page: Page, address: str
) -> None:
    for query, modes in MODES.items():
        open_view(page, address, query)
        seen = {fingerprint(page)}
        for mode, words in modes.items():
            page.get_by_role("combobox", name="Colour").select_option(mode)
            expect(page.locator(".legend")).to_contain_text(words)
            wait_until(
                lambda seen=seen: fingerprint(page) not in seen,
                f"no picture before was as by {mode} ({query})",
            )
            seen.add(fingerprint(page))


def test_colours_follow_palette_corpus_column_search_and_attention(
    page: Page, address: str
) -> None:
    open_view(page, address, TEXT)
    page.locator("summary", has_text="Map options").click()
    color = "getComputedStyle(document.documentElement).getPropertyValue('--query')"
    plain, words = fingerprint(page), page.evaluate(color)
    page.get_by_label("Classic").check()
    wait_until(lambda: fingerprint(page) != plain, "the map has the other colours")
    assert page.evaluate(color) != words

    plain = fingerprint(page)
    page.get_by_role("combobox", name="Colour").select_option("column:topic")
    expect(page.locator(".legend__words")).to_have_count(4)
    topics = tokens_of(page)["sequences"]["columns"]["topic"]
    assert sorted(legend_words(page)) == sorted(set(topics))
    wait_until(lambda: fingerprint(page) != plain, "topics have their colours")
    assert query_of(page)["color"] == "column:topic"
    open_view(page, address, f"{TEXT}&color=column:topic")
    expect(page.get_by_role("combobox", name="Colour")).to_have_value("column:topic")
    expect(page.locator(".notice")).to_have_count(0)
    expect(page.get_by_label("Classic")).to_be_checked()
    expect(page.locator("html")).to_have_attribute("data-palette", "classic")

    page.get_by_role("combobox", name="Colour").select_option("search")
    expect(page.locator(".legend__words")).to_have_text(["no search"])
    open_tab(page, "Find")
    page.get_by_role("searchbox").fill("rain, april")
    expect(page.locator(".legend__words")).to_have_text(["rain", "april", "rest"])

    open_view(page, address, "?dataset=words&method=pca&color=attention")
    open_tab(page, "View")  # the tab is remembered
    expect(page.get_by_role("combobox", name="Colour")).to_have_value("attention")
    option = page.locator("option[value=attention]")
    expect(option).to_have_text("Attention in the head (open a head first)")
    legend = page.locator(".legend")
    expect(legend).to_contain_text("needs an open head")
    expect(legend).to_contain_text("query")
    page.locator(".cell").nth(6).press("Enter")
    expect(legend).to_contain_text("queries: weight of the strongest key")
    expect(legend).not_to_contain_text("needs an open head")


SEARCHES = [
    ("whole", "rain, April", r"^(rain|april)$"),
    ("prefix", "ra, s", r"^(ra|s)"),
    ("substring", "ER", r"er"),
    ("regex", "^.a.*(er|n)$", r"^.a.*(er|n)$"),
]


def test_a_search_follows_its_mode_rejects_bad_expressions_and_suggests_words(
    page: Page, address: str
) -> None:
    open_view(page, address, TEXT)
    plain = fingerprint(page)
    columns = tokens_of(page)
    box = page.get_by_role("searchbox")
    open_tab(page, "Find")
    for mode, typed, pattern in SEARCHES:
        page.get_by_label("Match", exact=True).select_option(mode)
        box.fill(typed)
        words = [text.strip().lower() for text in columns["text"]]
        hits = [i for i, word in enumerate(words) if re.search(pattern, word)]
        n_sequences = len({columns["sequence"][i] for i in hits})
        assert len(hits) > 1
        expect(page.locator(".search__result")).to_have_text(
            f"{len(hits)} tokens in {n_sequences} sentence{'s' if n_sequences > 1 else ''}"
        )
        expect(box).to_have_value(typed)
        wait_until(
            lambda mode=mode: query_of(page).get("search-mode", "whole") == mode,
            "the address has the mode",
        )
    for typed, words in (("(rain", "group"), ("(?<=r)ain", "look-around")):
        box.fill(typed)
        expect(page.get_by_role("alert")).to_contain_text(words)
        expect(page.locator(".search__count")).to_have_text("0 tokens")
        assert fingerprint(page) == plain
    box.fill("^(rain)$")
    expect(page.locator(".search__problem")).to_be_hidden()
    wait_until(lambda: fingerprint(page) != plain, "the rest is dimmed")
    page.get_by_label("Match", exact=True).select_option("whole")
    box.fill("rai")  # no token as it stands: nothing is dimmed before the word is whole
    expect(page.locator(".search__count")).to_have_text("0 tokens")
    wait_until(lambda: fingerprint(page) == plain, "the map is as without a search")

    take_offered_words(page)


def take_offered_words(page: Page) -> None:
    """Take a word of the corpus that is offered while typing."""
    box = page.get_by_role("searchbox")
    page.get_by_label("Match", exact=True).select_option("whole")
    box.fill("april, ra")
    options = page.get_by_role("option", selected=False).filter(has=page.locator("bdi"))
    expect(options.first).to_contain_text("rain")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".suggestions__option[aria-selected=true]")).to_contain_text("rain")
    assert box.get_attribute("aria-activedescendant")
    page.keyboard.press("Enter")
    expect(box).to_have_value("april, rain")
    expect(page.get_by_role("listbox", name="Words of the corpus")).to_be_hidden()
    box.fill("ra")
    expect(page.get_by_role("listbox", name="Words of the corpus")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox", name="Words of the corpus")).to_be_hidden()
    expect(box).to_have_value("ra")
