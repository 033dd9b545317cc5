"""Encoder, decoder and cross heads: their names, points, and a sentence of two texts."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.browser.figure_reader import save_svg
from tests.browser.page_driver import (
    NOT_BACKGROUND,
    fetch_json,
    open_tab,
    open_view,
    query_of,
    select_point,
    wait_until,
)

VIEW = "?dataset=paired-texts"


def texts_of(page: Page) -> tuple[dict[str, Any], list[str], list[str]]:
    """Return the tokens, and source and target of the first sentence."""
    tokens = fetch_json(page, "api/v1/datasets/paired-texts/tokens")
    n, n_source = (tokens["sequences"][name][0] for name in ("length", "n_source"))
    return tokens, tokens["text"][:n_source], tokens["text"][n_source:n]


def words_in(page: Page, column: str) -> list[str]:
    """Return the tokens of a column of the sentence."""
    return page.locator(f".sentence__column--{column} .sentence__token").all_inner_texts()


def test_rows_are_named_by_part_in_grid_title_palette_and_form(page: Page, address: str) -> None:
    open_view(page, address, VIEW)
    expect(page.locator(".cell__title")).to_have_text(
        ["E0 H0", "E0 H1", "D0 H0", "D0 H1"] + ["X0 H0", "X0 H1"]
    )
    expect(page.locator(".axis--layers .axis__number")).to_have_text(["E0", "D0", "X0"])
    expect(page.locator(".axis__group:visible")).to_have_count(2)
    page.keyboard.press("Control+k")
    page.keyboard.type("X0H1")
    page.keyboard.press("Enter")
    expect(page.locator(".bar__title")).to_have_text("Cross-attention layer 0, head 1")
    expect(page).to_have_title("X0 H1 · paired-texts · AttentionViz")
    assert (query_of(page)["layer"], query_of(page)["head"]) == ("2", "1")
    layer = page.get_by_role("textbox", name="Layer")
    expect(layer).to_have_value("X0")
    layer.fill("d0")
    page.get_by_role("button", name="Go", exact=True).click()
    expect(page.locator(".bar__title")).to_have_text("Decoder layer 0, head 1")


def test_a_cross_head_shows_the_target_beside_the_source_text(page: Page, address: str) -> None:
    # A source token has no query there: its key is selected instead.
    open_view(page, address, f"{VIEW}&layer=2&head=0&selected=query-1&below=squares")
    tokens, source, target = texts_of(page)
    assert query_of(page)["selected"] == "key-1"
    assert words_in(page, "query") == target
    assert words_in(page, "key") == source
    chosen = page.locator(".sentence__column--key .is-selected .sentence__token")
    expect(chosen).to_have_text(source[1])
    size = page.locator(".pattern-matrix__canvas").first
    assert size.evaluate("canvas => [canvas.width, canvas.height]") == [len(source), len(target)]
    page.locator(".sentence__column--query .sentence__button").nth(1).click()
    assert query_of(page)["selected"] == f"query-{len(source) + 1}"
    weights = page.locator(".sentence__column--key .sentence__weight").all_inner_texts()
    assert sum(float(weight or 0) for weight in weights) == pytest.approx(1, abs=0.1)
    figure = save_svg(page, "Sentence")
    words = figure.words()
    assert "target query" in words and "source key" in words
    assert len(figure.all("text", "key")) == len(source)


def test_a_head_draws_counts_and_finds_only_its_own_text(page: Page, address: str) -> None:
    open_view(page, address, f"{VIEW}&layer=1&head=0&kind=query")
    tokens, source, _ = texts_of(page)
    n_source = sum(tokens["sequences"]["n_source"])
    n_target = len(tokens["text"]) - n_source
    expect(page.locator(".filters__count")).to_contain_text(f"{n_target} of")
    page.get_by_role("button", name="Clear filters").click()
    point = select_point(page)
    sequence = tokens["sequence"][point["token"]]
    first_target = (
        tokens["sequences"]["start"][sequence] + tokens["sequences"]["n_source"][sequence]
    )
    assert point["token"] >= first_target, "the decoder has points of target tokens"
    expect(page.locator(".sentence__other")).to_contain_text("Source text")
    word = source[1]
    open_tab(page, "Find")
    page.get_by_role("searchbox").fill(word)
    is_target = targets_of(tokens)
    found = sum(
        text.strip().lower() == word.strip().lower() and is_one
        for text, is_one in zip(tokens["text"], is_target, strict=True)
    )
    wait_until(lambda: f"{found} token" in page.locator(".search__foot").inner_text(), "hits")

    open_view(page, address, f"{VIEW}&layer=1&head=0&selected=query-1")
    expect(page.locator(".panel__missing")).to_contain_text("source text")
    assert page.evaluate(NOT_BACKGROUND) > 0


def targets_of(tokens: dict[str, Any]) -> list[bool]:
    """Return which tokens are of a target text."""
    sequences = tokens["sequences"]
    return [
        token - sequences["start"][sequence] >= sequences["n_source"][sequence]
        for token, sequence in enumerate(tokens["sequence"])
    ]
