"""The paper's questions, answered on the embedded models: numbers, and the page that shows them."""

import urllib.parse
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from scripts.case_studies import STUDIES, build_all
from scripts.case_studies.studies import Finding
from tests.browser.page_driver import LINES, NOT_BACKGROUND, open_view, query_of, wait_until

FIND = {study.name.removeprefix("study-"): study.find for study in STUDIES}


@pytest.fixture(scope="module")
def studied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the data folder of the studies."""
    folder = tmp_path_factory.mktemp("studies")
    build_all(folder)
    return folder


@pytest.fixture(scope="module")
def studies_address(serve, studied: Path) -> str:
    """Return the address of the page over the datasets of the studies."""
    return serve(studied)


def show(page: Page, address: str, finding: Finding, picture: Path) -> None:
    """Open the view of a finding and take its picture."""
    open_view(page, address, "?" + urllib.parse.urlencode(finding.view))
    assert finding.view.items() <= query_of(page).items()
    expect(page.locator(".message")).to_be_hidden()
    page.screenshot(path=picture)
    assert picture.stat().st_size > 10_000


def test_a_previous_token_head_shows_a_trace_in_position_colours(
    page: Page, studies_address: str, studied: Path, tmp_path: Path
) -> None:
    finding = FIND["previous-token"](studied)
    assert finding.numbers["attention_to_previous"] > 0.5
    assert finding.numbers["nearest_key_is_previous"] > 0.8
    show(page, studies_address, finding, tmp_path / "previous-token.png")
    expect(page.locator(".legend")).to_contain_text("first to last token")


def test_an_induction_head_shows_in_a_repeated_sentence(
    page: Page, studies_address: str, studied: Path, tmp_path: Path
) -> None:
    finding = FIND["induction"](studied)
    assert finding.numbers["attention_after_copy"] > 0.3
    assert finding.numbers["weight"] > 0.5
    show(page, studies_address, finding, tmp_path / "induction.png")
    wait_until(lambda: page.evaluate(LINES) > 0, "attention lines are drawn in the map")
    query, key = (int(finding.numbers[name]) + 1 for name in ("query", "key"))
    main = page.locator(".sentence__main")
    main.locator(f".sentence__column--query [aria-posinset='{query}'] button").first.hover()
    row = main.locator(f".sentence__column--key [aria-posinset='{key}']")
    expect(row.locator(".sentence__weight")).to_have_text(f"{finding.numbers['weight']:.2f}")


def test_april_is_found_in_all_heads_at_once(
    page: Page, studies_address: str, studied: Path, tmp_path: Path
) -> None:
    finding = FIND["april"](studied)
    assert finding.numbers["n_found"] >= 5
    show(page, studies_address, finding, tmp_path / "april.png")
    expect(page.locator(".search__count")).to_contain_text(f"{finding.numbers['n_found']} tokens")
    assert page.evaluate(NOT_BACKGROUND) > 0


def test_a_head_groups_patches_by_brightness(
    page: Page, studies_address: str, studied: Path, tmp_path: Path
) -> None:
    finding = FIND["brightness"](studied)
    assert finding.numbers["difference_to_nearest"] < 0.5 * finding.numbers["difference_by_chance"]
    show(page, studies_address, finding, tmp_path / "brightness.png")
    expect(page.get_by_role("combobox", name="Colour")).to_have_value("brightness")


def test_queries_and_keys_of_a_head_differ_in_length(
    page: Page, studies_address: str, studied: Path, tmp_path: Path
) -> None:
    finding = FIND["norms"](studied)
    assert finding.numbers["disparity"] > 1.5
    show(page, studies_address, finding, tmp_path / "norms.png")
    expect(page.locator(".legend")).to_contain_text("shortest to longest vector of the head")
