"""Datasets without queries and keys: maps and texts as ever, and no control that needs them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.page_driver import open_tab, open_view, press_tool, query_of
from tests.support.fake_dataset import FakeSpec, write_fake_dataset

HEAD = "layer=0&head=1&selected=query-2"
REASON = "No queries and keys are stored"


@pytest.fixture(scope="module")
def bare_address(serve: Callable[[Path], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the address of sentences and images without vectors."""
    folder = tmp_path_factory.mktemp("bare")
    for name, modality in (("bare-text", "text"), ("bare-images", "image")):
        spec = FakeSpec(name, modality=modality, n_tokens=80, maps=("pca-2d",), kept_sequences=0)
        write_fake_dataset(folder, spec)
    return serve(folder)


def test_no_control_of_attention_is_offered_for_sentences(page: Page, bare_address: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_view(page, bare_address, f"?dataset=bare-text&{HEAD}&attention=0.5")
    expect(page.locator(".notice")).to_contain_text(REASON)
    expect(page.locator(".panel__missing")).to_contain_text(REASON)
    expect(page.locator(".sentence__column--query .sentence__token").first).to_be_visible()
    expect(page.locator(".panel .tools")).to_be_hidden()
    for name in ("Attention lines", "Strongest and nearest"):
        expect(page.get_by_label(name)).to_be_hidden()
    page.locator("summary", has_text="Filters").click()
    expect(page.get_by_role("group", name="Norm")).to_be_visible()
    expect(page.get_by_role("slider", name="Attention")).to_be_hidden()
    open_tab(page, "Find")
    expect(page.get_by_role("searchbox")).to_be_visible()
    expect(page.locator(".section__title", has_text="Heads by pairs")).to_be_hidden()
    page.locator(".sentence__column--query .sentence__token").nth(1).hover()
    page.keyboard.press("+")
    expect(page.locator(".notice")).to_have_count(2)
    press_tool(page, "Save figure")
    offered = page.get_by_role("group", name="What the figure shows").locator(":enabled")
    expect(offered).to_have_count(2)
    assert offered.evaluate_all("all => all.map(({ value }) => value)") == ["map", "profile"]
    page.keyboard.press("Escape")
    page.locator(".map").hover()
    assert query_of(page).keys().isdisjoint({"attention", "pairs"})
    needing = ("attention/", "aggregate", "neighbours", "pairs")
    assert [url for url in asked if any(part in url for part in needing)] == []


def test_two_panes_say_that_nothing_is_compared(page: Page, bare_address: str) -> None:
    open_view(page, bare_address, f"?dataset=bare-text&{HEAD}")
    page.keyboard.press("c")
    expect(page.locator(".panes__link")).to_contain_text("no attention to compare")
    expect(page.locator(".comparison")).to_be_hidden()
    expect(page.get_by_text("Compare attention")).to_be_hidden()


def test_no_tool_of_attention_is_offered_for_images(page: Page, bare_address: str) -> None:
    open_view(page, bare_address, f"?dataset=bare-images&{HEAD}")
    expect(page.locator(".panel__missing")).to_contain_text(REASON)
    expect(page.locator(".image__picture").first).to_be_visible()
    expect(page.locator(".image__tools")).to_be_hidden()
