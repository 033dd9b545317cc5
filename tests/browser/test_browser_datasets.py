"""The table of all datasets: what is there, in any order, and first of all on a shared server."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.page_driver import open_view, query_of, wait_until
from tests.browser.test_browser_accessibility import grave_findings
from tests.server.conftest import READ_TOKEN, write_tokens
from tests.support.fake_dataset import FakeSpec, write_fake_dataset

HOSTILE = "<img src=x onerror=alert(1)>\u202edaed"


def dialog_of(page: Page) -> Locator:
    return page.get_by_role("dialog", name="All datasets")


def open_table(page: Page) -> Locator:
    page.get_by_role("button", name="All datasets").click()
    expect(dialog_of(page)).to_be_visible()
    return dialog_of(page)


def column(dialog: Locator, n: int) -> list[str]:
    return dialog.locator(f"tbody tr > :nth-child({n})").all_inner_texts()


def test_every_dataset_has_its_numbers(page: Page, address: str) -> None:
    open_view(page, address, "?dataset=words")
    dialog = open_table(page)
    heads = [text.strip() for text in dialog.locator("thead button").all_inner_texts()]
    assert heads == [
        "Dataset", "State", "Model", "Corpus", "Layers × heads", "Sequences", "Tokens", "Maps",
        "Size", "Published",
    ]  # fmt: skip
    row = dialog.get_by_role("row", name=re.compile("^words complete"))
    cells = [text.strip() for text in row.locator("> *").all_inner_texts()]
    assert cells[:2] + cells[4:5] == ["words", "complete", "3 × 4"]
    assert re.fullmatch(r"[\d.]+ [kM]B", cells[8])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", cells[9])
    states = dict(zip(column(dialog, 1), column(dialog, 2), strict=True))
    assert states["damaged"] == "damaged"
    assert states["outdated"] == "of another version"
    assert states["growing"].startswith("building, ")


def test_a_click_on_a_head_sorts_and_another_turns_the_order_over(page: Page, address: str) -> None:
    open_view(page, address, "?dataset=words")
    dialog = open_table(page)
    assert column(dialog, 1) == sorted(column(dialog, 1))
    tokens = dialog.get_by_role("button", name="Tokens")
    tokens.click()
    assert column(dialog, 1)[:2] == ["words", "pictures"]
    expect(dialog.locator("th[aria-sort=descending]")).to_have_text("Tokens")
    tokens.click()
    assert column(dialog, 1)[:2] == ["few-maps", "growing"]
    assert column(dialog, 7)[-1] == "–"  # what is not known stays last


def test_the_keyboard_opens_the_table_walks_it_and_opens_a_dataset(
    page: Page, address: str
) -> None:
    open_view(page, address, "?dataset=words&layer=1&head=1")
    page.keyboard.press("a")
    dialog = dialog_of(page)
    expect(dialog.get_by_role("button", name="words")).to_be_focused()
    expect(dialog.locator("[aria-current]")).to_have_count(1)
    page.keyboard.press("ArrowUp")
    expect(dialog.get_by_role("button", name="pictures")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    wait_until(lambda: query_of(page)["dataset"] == "pictures", "the dataset is open")


def test_a_server_for_one_opens_on_the_grid(page: Page, address: str) -> None:
    open_view(page, address)
    expect(dialog_of(page)).to_be_hidden()


@pytest.fixture
def shared(serve: Callable[..., str], built: Path, tmp_path: Path) -> str:
    """Return the address of a server that asks for tokens."""
    return serve(built, token_file=write_tokens(tmp_path / "tokens"))


def test_a_shared_server_shows_first_what_it_has(page: Page, shared: str) -> None:
    page.expected.append("status of 401")
    page.goto(f"{shared}#token={READ_TOKEN}")
    dialog = dialog_of(page)
    expect(dialog).to_be_visible()
    expect(dialog.locator("[aria-current]")).to_have_count(0)
    dialog.get_by_role("row", name=re.compile("^pictures ")).click()
    wait_until(lambda: query_of(page)["dataset"] == "pictures", "the dataset is open")
    page.reload()
    wait_until(lambda: page.get_by_role("button", name="All datasets").is_visible(), "it is there")
    expect(dialog_of(page)).to_be_hidden()


def test_an_address_that_says_what_is_meant_goes_straight_there(page: Page, shared: str) -> None:
    page.expected.append("status of 401")
    open_view(page, f"{shared}?dataset=words#token={READ_TOKEN}")
    expect(dialog_of(page)).to_be_hidden()


def test_a_server_with_one_dataset_shows_it(
    page: Page, serve: Callable[..., str], tmp_path: Path
) -> None:
    write_fake_dataset(tmp_path / "one", FakeSpec("only", n_tokens=30, maps=("pca-2d",)))
    address = serve(tmp_path / "one", token_file=write_tokens(tmp_path / "tokens"))
    page.expected.append("status of 401")
    open_view(page, f"{address}#token={READ_TOKEN}")
    expect(dialog_of(page)).to_be_hidden()


def test_hostile_names_are_only_words(page: Page, address: str) -> None:
    def answer(route) -> None:
        content = route.fetch().json()
        for entry in content["datasets"]:
            if entry["model"]:
                entry["model"]["name"] = HOSTILE
            if entry["corpus"]:
                entry["corpus"]["name"] = HOSTILE
        route.fulfill(json=content)

    page.route("**/api/v1/datasets", answer)
    open_view(page, address, "?dataset=words")
    dialog = open_table(page)
    assert HOSTILE in column(dialog, 3)
    assert HOSTILE in column(dialog, 4)
    assert page.locator("img[src=x]").count() == 0
    assert dialog.locator("bdi").count() > 10


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_the_table_of_datasets(
    page: Page, address: str, scheme: str, width: int
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    open_view(page, address, "?dataset=words")
    dialog = open_table(page)
    assert grave_findings(page) == []
    box = dialog.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert box["height"] < 500  # as high as its rows, not as the window
