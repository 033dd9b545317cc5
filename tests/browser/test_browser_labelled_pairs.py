"""Labelled pairs of a dataset are drawn over map and sentence on request."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.page_driver import LINES, PICTURE, open_view, query_of, wait_until
from tests.support.fake_dataset import FakeSpec, write_fake_dataset


@pytest.fixture(scope="module")
def pairs_address(serve: Callable[[Path], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the address of two datasets, one of which has labelled pairs."""
    folder = tmp_path_factory.mktemp("pairs")
    for name in ("labelled", "plain"):
        spec = FakeSpec(name, n_tokens=200, maps=("pca-2d",), has_pairs=name == "labelled")
        write_fake_dataset(folder, spec)
    return serve(folder)


def test_labelled_pairs_are_drawn_in_map_and_sentence_on_request(
    page: Page, pairs_address: str
) -> None:
    head = "layer=0&head=1"
    open_view(page, pairs_address, f"?dataset=labelled&{head}&selected=query-2&lines=off")
    sentence = page.locator(".sentence__lines").first
    before = sentence.evaluate(PICTURE)
    assert page.evaluate(LINES) == 0
    page.get_by_label("Labelled pairs").check()
    wait_until(lambda: page.evaluate(LINES) > 20, "the map has lines")
    wait_until(lambda: sentence.evaluate(PICTURE) != before, "the sentence has lines")
    note = page.locator(".check__note")
    expect(note).to_contain_text("in this sentence: contact")
    expect(page.locator(".line-legend")).to_contain_text("labelled pairs")
    assert query_of(page)["labelled-pairs"] == "on"
    page.keyboard.press("Escape")
    expect(note).to_contain_text("in all sentences: contact")
    expect(note).to_contain_text("<b>bond</b>")  # as text
    open_view(page, pairs_address, f"?dataset=plain&{head}&labelled-pairs=on")
    expect(page.get_by_label("Attention lines")).to_be_visible()
    expect(page.get_by_label("Labelled pairs")).to_be_hidden()
