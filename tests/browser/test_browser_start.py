"""The first minute: examples above the map, and the hint at its edge."""

from typing import Any

from playwright.sync_api import Page, expect
from tests.browser.page_driver import box_of, fetch_heads, open_view, query_of, wait_until


def best_head(page: Page, dataset: str, score: str) -> dict[str, Any]:
    """Return the head with the highest score."""
    heads = fetch_heads(page, dataset)
    return max(heads, key=lambda head: head["scores"][score]["value"] or -9)


def is_at(page: Page, head: dict[str, Any]) -> bool:
    found = query_of(page)
    return (found.get("layer"), found.get("head")) == (str(head["layer"]), str(head["head"]))


def test_examples_open_views_and_stay_hidden_once_dismissed(page: Page, address: str) -> None:
    open_view(page, address, "?dataset=words")
    cards, hint = page.locator(".start .start__card"), page.locator(".hint")
    expect(cards.first).to_be_hidden()  # never over a view that someone was sent to
    open_view(page, address, "")
    expect(cards).to_have_count(5)
    strip, stage = box_of(page, ".start"), box_of(page, ".stage")
    assert strip["y"] + strip["height"] <= stage["y"] + 1, "nothing of the grid is covered"
    expect(hint).to_have_text("Click a head to open its map")

    shown = query_of(page)["dataset"]
    page.get_by_role("button", name="Previous-token head").click()
    head = best_head(page, shown, "previous")
    wait_until(lambda: is_at(page, head), "the head with the highest score is open")
    text = page.locator(".start__text")
    expect(text).to_contain_text(f"{head['scores']['previous']['value']:.2f}")
    expect(text).to_contain_text(f"{head['scores']['previous']['n_rows']} row")
    expect(page.locator(".panel")).to_be_visible()
    expect(hint).to_be_hidden()

    page.get_by_role("button", name="More examples").click()
    page.get_by_role("button", name="One word in all heads").click()
    expect(page.locator(".bar__title")).to_have_text("All heads")
    wait_until(lambda: len(query_of(page).get("search", "")) >= 5, "a word is searched")
    assert "selected" not in query_of(page)

    page.get_by_role("button", name="More examples").click()
    page.get_by_role("button", name="Query and key lengths").click()
    wait_until(lambda: query_of(page).get("color") == "norm-shared", "norms on one scale")
    page.locator(".bar").get_by_role("button", name="All heads").click()
    expect(cards.first).to_be_visible()  # its words are about another view

    page.get_by_role("button", name="Patches by hue").click()
    wait_until(lambda: query_of(page)["dataset"] == "pictures", "a dataset of images is open")
    head = best_head(page, "pictures", "hue_similarity")
    wait_until(lambda: is_at(page, head), "the head that matches hues is open")

    page.get_by_role("button", name="More examples").click()
    page.get_by_role("button", name="Hide examples").click()
    open_view(page, address, "")
    expect(cards.first).to_be_hidden()
    expect(hint).to_be_hidden()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Help")
    dialog.get_by_role("button", name="Spiral of positions").click()
    expect(dialog).to_be_hidden()
    expect(text).to_contain_text("attention variability")
    assert query_of(page)["color"] == "position"
