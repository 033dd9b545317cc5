"""The table of all datasets: what is there, in any order, and first of all on a shared server."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect
from tests.browser.page_driver import open_view, query_of, wait_until
from tests.browser.test_browser_accessibility import grave_findings
from tests.server.conftest import READ_TOKEN, write_tokens
from tests.support.fake_dataset import FakeSpec, write_fake_dataset


def dialog_of(page: Page) -> Locator:
    return page.get_by_role("dialog", name="All datasets")


def open_table(page: Page) -> Locator:
    page.get_by_role("button", name="All datasets").click()
    expect(dialog_of(page)).to_be_visible()
    return dialog_of(page)


def column(dialog: Locator, n: int) -> list[str]:
    return dialog.locator(f"tbody tr > :nth-child({n})").all_inner_texts()


def test_the_table_describes_every_dataset_and_opens_one_by_keyboard(
    page: Page, address: str
) -> None:
    with page.expect_response("**/api/v1/jobs/options") as jobs:
        open_view(page, address)
    expect(dialog_of(page)).to_be_hidden()  # a server for one opens on the grid
    assert jobs.value.json() == {"is_enabled": False}
    expect(page.get_by_role("button", name="New dataset")).to_have_count(0)

    page.get_by_role("combobox", name="Dataset").select_option("words")
    wait_until(lambda: query_of(page)["dataset"] == "words", "the text is open")
    dialog = open_table(page)
    require_facts_of_every_dataset(dialog)
    require_small_dialog_in_either_theme(page)

    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.keyboard.press("a")
    expect(dialog.get_by_role("button", name="words")).to_be_focused()
    expect(dialog.locator("[aria-current]")).to_have_count(1)
    page.keyboard.press("ArrowUp")
    expect(dialog.get_by_role("button", name="pictures")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    wait_until(lambda: query_of(page)["dataset"] == "pictures", "the dataset is open")


def require_facts_of_every_dataset(dialog: Locator) -> None:
    """Fail unless the cells, and the states of what cannot be opened, are those of the server."""
    row = dialog.get_by_role("row", name=re.compile("^words complete"))
    cells = [text.strip() for text in row.locator("> *").all_inner_texts()]
    assert cells[:2] + cells[4:5] == ["words", "complete", "3 × 4"]
    assert re.fullmatch(r"[\d.]+ [kM]B", cells[8])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", cells[9])
    states = dict(zip(column(dialog, 1), column(dialog, 2), strict=True))
    assert states["damaged"] == "damaged"
    assert states["outdated"] == "other version"
    assert states["growing"].startswith("building, ")


def require_small_dialog_in_either_theme(page: Page) -> None:
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 844})
        assert grave_findings(page) == [], f"{width} pixels wide"
        box = dialog_of(page).bounding_box()
        assert box is not None
        assert box["x"] >= 0, f"{width} pixels wide"
        assert box["x"] + box["width"] <= width, f"{width} pixels wide"
        assert box["height"] < 500  # as high as its rows, not as the window


def test_a_shared_server_opens_with_the_table_of_datasets(
    page: Page, serve: Callable[..., str], built: Path, tmp_path: Path
) -> None:
    tokens = write_tokens(tmp_path / "tokens")
    shared = serve(built, token_file=tokens)
    page.expected.append("status of 401")  # type: ignore[attr-defined]
    page.goto(f"{shared}#token={READ_TOKEN}")
    dialog = dialog_of(page)
    expect(dialog).to_be_visible()
    expect(dialog.locator("[aria-current]")).to_have_count(0)
    dialog.get_by_role("row", name=re.compile("^pictures ")).click()
    wait_until(lambda: query_of(page)["dataset"] == "pictures", "the dataset is open")
    page.reload()  # whose address says what is meant
    wait_until(lambda: page.get_by_role("button", name="All datasets").is_visible(), "it is there")
    expect(dialog).to_be_hidden()

    write_fake_dataset(tmp_path / "one", FakeSpec("only", n_tokens=30, maps=("pca-2d",)))
    address = serve(tmp_path / "one", token_file=tokens)
    open_view(page, f"{address}#token={READ_TOKEN}")
    expect(dialog).to_be_hidden()
