"""Colours and search in a real browser: what they mean, what they find and what they say."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.browser.page_driver import fetch_json, fingerprint, open_view, query_of, wait_until

TEXT = "?dataset=words"
IMAGE = "?dataset=pictures&method=pca&layer=1&head=2"


def tokens_of(page: Page, dataset: str = "words") -> dict[str, Any]:
    """Return the columns of a dataset."""
    return fetch_json(page, f"api/v1/datasets/{dataset}/tokens")


def legend_words(page: Page) -> list[str]:
    """Return the names of the swatches."""
    return page.locator(".legend__words").all_inner_texts()


def test_every_column_of_the_corpus_is_a_colour_with_its_words(page: Page, address: str) -> None:
    open_view(page, address, TEXT)
    plain = fingerprint(page)
    page.get_by_label("Colour").select_option("column:topic")
    expect(page.locator(".legend__words")).to_have_count(4)
    topics = tokens_of(page)["sequences"]["columns"]["topic"]
    assert sorted(legend_words(page)) == sorted(set(topics))
    assert fingerprint(page) != plain
    assert query_of(page)["color"] == "column:topic"
    open_view(page, address, f"{TEXT}&color=column:topic")
    expect(page.get_by_label("Colour")).to_have_value("column:topic")
    expect(page.locator(".notice")).to_have_count(0)


@pytest.mark.parametrize(
    ("query", "mode", "words"),
    [
        (TEXT, "punctuation", "punctuation or special"),
        (TEXT, "token-length", "characters of the token"),
        (TEXT, "sentence-length", "tokens of the sentence"),
        (TEXT, "first-letter", "the twelve most frequent"),
        (TEXT, "sequence", "first to last sentence"),
        (IMAGE, "hue", "360°"),
        (IMAGE, "brightness", "darkest to brightest"),
        (IMAGE, "column:label", "green"),
        (IMAGE, "image", "first to last image"),
        (IMAGE, "type", "Every patch as a picture under the colour of its kind."),
    ],
)
def test_a_colour_mode_draws_another_picture_and_says_what_it_means(
    page: Page, address: str, query: str, mode: str, words: str
) -> None:
    open_view(page, address, query)
    plain = fingerprint(page)
    page.get_by_label("Colour").select_option(mode)
    expect(page.locator(".legend")).to_contain_text(words)
    wait_until(lambda: fingerprint(page) != plain, "the colours are others")


def test_the_search_gives_each_of_its_terms_a_colour(page: Page, address: str) -> None:
    open_view(page, address, f"{TEXT}&color=search")
    assert legend_words(page) == ["not searched for"]
    page.get_by_role("searchbox").fill("rain, april")
    expect(page.locator(".legend__words")).to_have_text(["rain", "april", "rest"])


@pytest.mark.parametrize(
    ("mode", "typed", "pattern"),
    [
        ("whole", "rain, April", r"^(rain|april)$"),
        ("prefix", "ra, s", r"^(ra|s)"),
        ("substring", "ER", r"er"),
        ("regex", "^.a.*(er|n)$", r"^.a.*(er|n)$"),
    ],
)
def test_a_search_compares_as_it_is_told_and_counts_tokens_and_sentences(
    page: Page, address: str, mode: str, typed: str, pattern: str
) -> None:
    open_view(page, address, TEXT)
    page.get_by_label("How tokens are compared").select_option(mode)
    page.get_by_role("searchbox").fill(typed)
    columns = tokens_of(page)
    hits = [i for i, text in enumerate(columns["text"]) if re.search(pattern, text.strip().lower())]
    n_sequences = len({columns["sequence"][i] for i in hits})
    assert len(hits) > 1
    expect(page.locator(".search__result")).to_have_text(
        f"{len(hits)} tokens in {n_sequences} sentence{'s' if n_sequences > 1 else ''}"
    )
    expect(page.get_by_role("searchbox")).to_have_value(typed)
    assert query_of(page).get("search-mode", "whole") == mode


def test_an_expression_that_cannot_be_used_says_so_and_changes_nothing(
    page: Page, address: str
) -> None:
    open_view(page, address, f"{TEXT}&search-mode=regex")
    plain = fingerprint(page)
    for typed, words in (("(rain", "group"), ("(?<=r)ain", "look-around")):
        page.get_by_role("searchbox").fill(typed)
        expect(page.get_by_role("alert")).to_contain_text(words)
        expect(page.locator(".search__count")).to_have_text("0 tokens")
        assert fingerprint(page) == plain
    page.get_by_role("searchbox").fill("^(rain)$")
    expect(page.locator(".search__problem")).to_be_hidden()


def test_words_are_offered_while_typing_and_taken_by_the_keys(page: Page, address: str) -> None:
    open_view(page, address, TEXT)
    box = page.get_by_role("searchbox")
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


def test_the_palette_changes_map_and_words_and_is_remembered(page: Page, address: str) -> None:
    open_view(page, address, TEXT)
    color = "getComputedStyle(document.documentElement).getPropertyValue('--query')"
    plain, words = fingerprint(page), page.evaluate(color)
    page.locator("summary", has_text="Map options").click()
    page.get_by_label("Classic").check()
    wait_until(lambda: fingerprint(page) != plain, "the map has the other colours")
    assert page.evaluate(color) != words
    open_view(page, address, TEXT)
    expect(page.get_by_label("Classic")).to_be_checked()
    expect(page.locator("html")).to_have_attribute("data-palette", "classic")


def test_a_colour_that_one_head_alone_has_says_so_in_the_grid(page: Page, address: str) -> None:
    open_view(page, address, "?dataset=words&method=pca&color=attention")
    expect(page.get_by_label("Colour")).to_have_value("attention")
    option = page.locator("option[value=attention]")
    expect(option).to_have_text("Attention in the head, once one is open")
    legend = page.locator(".legend")
    expect(legend).to_contain_text("is computed for one head at a time: open a head to see it")
    expect(legend).to_contain_text("query")
    page.locator(".cell").nth(6).press("Enter")
    expect(legend).to_contain_text("queries: weight of the strongest key")
    expect(legend).not_to_contain_text("open a head to see it")
