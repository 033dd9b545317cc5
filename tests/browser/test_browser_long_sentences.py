"""Sentences of 512 tokens in a real browser: few rows are on the page, and all can be reached."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.page_driver import open_view, query_of, wait_until
from tests.support.fake_dataset import FakeSpec, write_fake_dataset

N = 512
NUMBERS = """async (path) => {
  const answer = await fetch(`api/v1/${path}`);
  return [...new Float32Array(await answer.arrayBuffer())];
}"""
TALL = "e => [e.scrollHeight, e.querySelector('.sentence__row').offsetHeight]"


@pytest.fixture(scope="module")
def long_address(serve: Callable[[Path], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the address of two sentences of 512 tokens."""
    folder = tmp_path_factory.mktemp("long")
    spec = FakeSpec(
        "long",
        n_layers=1,
        n_tokens=2 * N,
        maps=("pca-2d",),
        sentence_lengths=(N, N),
    )
    write_fake_dataset(folder, spec)
    return serve(folder)


def row(page: Page, kind: str, position: int, part: str = ".sentence__main") -> Locator:
    """Return the row of one position, counted from 1 as on the page."""
    return page.locator(f"{part} .sentence__column--{kind} [aria-posinset='{position}']")


def show(page: Page, address: str, token: int) -> Locator:
    """Open a head with a selected query; return the list of the sentence."""
    open_view(page, address, f"?layer=0&head=1&selected=query-{token}")
    page.locator(".aggregate").get_by_role("button", name="Show").click()
    expect(page.locator(".aggregate .sentence__row").first).to_be_visible()
    return page.locator(".sentence__main .sentence__scroll")


def show_the_rows_in_sight_alone(page: Page, long_address: str) -> None:
    scroller = show(page, long_address, 300)
    chosen = row(page, "query", 301)
    expect(chosen).to_be_in_viewport()
    expect(chosen).to_contain_class("is-selected")
    expect(chosen).to_have_attribute("aria-setsize", str(N))
    assert page.locator(".sentence__row").count() < 4 * 80
    height, row_height = scroller.evaluate(TALL)
    assert height - N * row_height == pytest.approx(20, abs=16)  # the air above and below
    scroller.evaluate("e => { e.scrollTop = 0; }")
    expect(row(page, "key", 1)).to_be_in_viewport()
    expect(row(page, "key", 200)).to_have_count(0)
    scroller.evaluate("e => { e.scrollTop = e.scrollHeight; }")
    expect(row(page, "key", N)).to_be_in_viewport()
    expect(row(page, "key", N, ".aggregate")).to_be_in_viewport()
    expect(row(page, "key", 1)).to_have_count(1)  # where Tab comes into the keys
    expect(row(page, "key", 2)).to_have_count(0)


def walk_without_losing_the_focus(page: Page, long_address: str) -> None:
    scroller = show(page, long_address, 3)
    row(page, "query", 4).locator(".sentence__button").focus()
    page.keyboard.press("End")
    last = row(page, "query", N).locator(".sentence__button")
    expect(last).to_be_focused()
    expect(last).to_be_in_viewport()
    expect(last).to_have_accessible_name(re.compile(f"^.+, query, position {N}$"))
    scroller.evaluate("e => { e.scrollTop = 0; }")
    expect(row(page, "query", 1)).to_be_in_viewport()
    expect(last).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(row(page, "query", N - 1).locator(".sentence__button")).to_be_focused()
    expect(row(page, "query", N - 1)).to_be_in_viewport()
    page.keyboard.press("x")
    assert query_of(page)["hidden"] == f"query-{N - 2}"
    page.keyboard.press("Enter")
    assert query_of(page)["selected"] == f"query-{N - 2}"
    expect(row(page, "query", N - 1)).to_contain_class("is-selected")


def keep_marks_on_scrolling_away_and_back(page: Page, long_address: str) -> None:
    scroller = show(page, long_address, 3)
    row(page, "key", 6).locator(".sentence__button").click(modifiers=["Alt"])
    expect(row(page, "key", 6)).to_contain_class("is-hidden")
    scroller.evaluate("(e, top) => { e.scrollTop = top; }", 245 * scroller.evaluate(TALL)[1])
    expect(row(page, "key", 250)).to_be_in_viewport()
    page.evaluate("document.activeElement.blur()")
    pattern = page.evaluate(NUMBERS, "datasets/long/heads/0/1/attention/0")
    query = 252
    row(page, "query", query).hover()
    expect(row(page, "query", query)).to_contain_class("is-source")
    expect(row(page, "query", query, ".aggregate")).to_contain_class("is-source")
    weights = [pattern[(query - 1) * N + key - 1] for key in range(245, 258)]
    kept = 1 - pattern[(query - 1) * N + 5]
    texts = [f"{weight / kept:.2f}" if weight / kept >= 0.01 else "" for weight in weights]

    def written() -> list[str]:
        cells = [row(page, "key", key).locator(".sentence__weight") for key in range(245, 258)]
        return [cell.inner_text() for cell in cells]

    wait_until(lambda: written() == texts, "the weights of the sentence are written")
    scroller.evaluate("e => { e.scrollTop = 0; }")
    expect(row(page, "key", 6)).to_contain_class("is-hidden")
    expect(row(page, "key", 6, ".aggregate")).to_contain_class("is-hidden")


def test_a_long_sentence_renders_only_visible_rows(page: Page, long_address: str) -> None:
    show_the_rows_in_sight_alone(page, long_address)
    walk_without_losing_the_focus(page, long_address)
    keep_marks_on_scrolling_away_and_back(page, long_address)
