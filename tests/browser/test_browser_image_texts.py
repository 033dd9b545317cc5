"""An image and its text as one sequence: on the map, and side by side in the panel."""

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.conftest import IMAGE_TEXT
from tests.browser.figure_reader import save_svg
from tests.browser.page_driver import fetch_json, next_frames, open_tab, open_view, query_of
from tests.support.fake_corpus import IMAGE_START

N_PATCHES = IMAGE_TEXT.patch_rows * IMAGE_TEXT.patch_columns
FIRST_WORD = IMAGE_START + N_PATCHES


def test_words_and_patches_of_an_image_show_what_they_pay_to_each_other(
    page: Page, address: str
) -> None:
    open_view(page, address, f"?dataset=image-texts&layer=0&head=0&selected=query-{FIRST_WORD}")
    tokens = fetch_json(page, "api/v1/datasets/image-texts/tokens")
    n = tokens["sequences"]["length"][0]
    words = page.locator(".image__prefix .image__token")
    expect(words).to_have_count(n - N_PATCHES)
    expect(words.nth(IMAGE_START)).to_have_attribute("aria-pressed", "true")
    patches = page.locator(".image__patches .image__patch")
    expect(patches).to_have_count(N_PATCHES)
    shares = [weight_of(one) for one in (*patches.all(), *words.all())]
    assert sum(shares) == pytest.approx(1, abs=0.02)
    assert weight_of(words.nth(IMAGE_START + 1)) == 0, "a word sees no later word"
    expect(page.get_by_role("radio", name="mean of images")).to_be_hidden()

    patches.nth(5).click()
    assert query_of(page)["selected"] == f"query-{IMAGE_START + 5}"
    assert weight_of(patches.nth(N_PATCHES - 1)) > 0, "a patch sees all patches"
    assert sum(weight_of(word) for word in words.all()[IMAGE_START:]) == 0
    page.get_by_role("radio", name="attended by").check()
    assert query_of(page)["selected"] == f"key-{IMAGE_START + 5}"
    next_frames(page)
    assert sum(weight_of(word) for word in words.all()[IMAGE_START:]) > 0

    figure = save_svg(page, "Image")
    assert "USER:" in figure.words()


def test_patches_and_words_are_told_apart_by_search_filter_and_colour(
    page: Page, address: str
) -> None:
    open_view(page, address, "?dataset=image-texts&layer=0&head=0&color=token-type")
    tokens = fetch_json(page, "api/v1/datasets/image-texts/tokens")
    expect(page.locator(".legend")).to_contain_text("word")
    open_tab(page, "View")
    page.locator("summary").filter(has_text="Filters").click()
    page.get_by_role("radio", name="Patches").check()
    n_patches = tokens["token_type"].count("patch")
    expect(page.locator(".filters__count")).to_contain_text(f"{2 * n_patches} of")
    assert query_of(page)["tokens"] == "patch"
    word = tokens["text"][FIRST_WORD].strip()
    open_tab(page, "Find")
    page.get_by_role("searchbox").fill(word)
    found = [
        text.strip().lower() == word.lower() and kind == "text"
        for text, kind in zip(tokens["text"], tokens["token_type"], strict=True)
    ]
    expect(page.locator(".search__foot")).to_contain_text(f"{sum(found)} token")


def weight_of(button: Locator) -> float:
    """Return the weight that a token of the panel tells."""
    return float((button.get_attribute("aria-label") or "").rpartition("weight ")[2])
