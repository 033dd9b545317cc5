"""An image and its text as one sequence: on the map, and side by side in the panel."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.figure_reader import save_svg
from tests.browser.page_driver import fetch_json, next_frames, open_tab, open_view, query_of
from tests.support.fake_corpus import IMAGE_START
from tests.support.fake_dataset import FakeSpec, write_fake_dataset

N_ROWS, N_COLUMNS = 3, 4
N_PATCHES = N_ROWS * N_COLUMNS
FIRST_WORD = IMAGE_START + N_PATCHES


@pytest.fixture(scope="module")
def read_images(serve: Callable[[Path], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the address of images with prompts, whose patches see each other both ways."""
    folder = tmp_path_factory.mktemp("image-texts")
    spec = FakeSpec(
        "read-images",
        modality="image-text",
        n_layers=1,
        n_tokens=60,
        maps=("pca-2d",),
        patch_rows=N_ROWS,
        patch_columns=N_COLUMNS,
        is_causal=True,
        has_block=True,
        seed=3,
    )
    write_fake_dataset(folder, spec)
    return serve(folder)


def test_words_and_patches_of_an_image_show_what_they_pay_to_each_other(
    page: Page, read_images: str
) -> None:
    open_view(page, read_images, f"?layer=0&head=0&selected=query-{FIRST_WORD}")
    tokens = fetch_json(page, "api/v1/datasets/read-images/tokens")
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
    page: Page, read_images: str
) -> None:
    open_view(page, read_images, "?layer=0&head=0&color=token-type")
    tokens = fetch_json(page, "api/v1/datasets/read-images/tokens")
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
