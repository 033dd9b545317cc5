"""Points are marked with the lasso in a real browser, counted and exported."""

import csv
import io
import json
import re
from pathlib import Path

from playwright.sync_api import Page, expect
from tests.browser.page_driver import (
    NOT_BACKGROUND,
    box_of,
    fetch_json,
    is_still,
    open_view,
    picture,
    query_of,
    wait_until,
)

HEAD = "?dataset=words&method=pca&layer=1&head=2"
GRID = "?dataset=words&method=pca"


def draw_around(page: Page, box: dict[str, float]) -> None:
    """Draw along the edge of a box with the mouse."""
    left, top = box["x"] + 2, box["y"] + 2
    right, bottom = box["x"] + box["width"] - 2, box["y"] + box["height"] - 2
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top + 20)):
        page.mouse.move(x, y, steps=4)
    page.mouse.up()


def mark_all(page: Page) -> None:
    """Draw along the edge of the map of an open head."""
    page.keyboard.down("Shift")
    draw_around(page, box_of(page, ".map"))
    page.keyboard.up("Shift")


def counts(page: Page) -> tuple[int, int]:
    """Return the marked queries and keys, as the page says."""
    words = page.locator(".marked [role=status]").inner_text().replace("\u202f", "")
    found = re.fullmatch(r"(\d+) quer(?:y|ies), (\d+) keys?", words)
    assert found, words
    return int(found[1]), int(found[2])


def saved(page: Page, name: str) -> tuple[str, str]:
    """Press a button that downloads; return the name and the text of the file."""
    with page.expect_download() as started:
        page.locator(".marked").get_by_role("button", name=name).click()
    text = Path(started.value.path()).read_bytes().decode("utf-8-sig")
    return started.value.suggested_filename, text


def test_a_lasso_marks_points_until_escape_or_another_dataset(page: Page, address: str) -> None:
    open_view(page, address, HEAD)
    plain = page.evaluate(NOT_BACKGROUND)
    room = box_of(page, ".map")
    button = page.get_by_role("button", name="Lasso")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    draw_around(page, room)
    assert counts(page) == (300, 300)
    assert "selected" not in query_of(page)
    draw_around(page, {**room, "width": room["width"] / 2})
    n_queries, n_keys = counts(page)
    assert 0 < n_queries < 300
    assert 0 < n_keys < 300
    page.keyboard.press("Escape")
    expect(page.locator(".marked")).to_be_hidden()
    button.click()
    page.mouse.move(0, 0)
    wait_until(lambda: page.evaluate(NOT_BACKGROUND) == plain, "the picture is as before")

    mark_all(page)
    assert counts(page) == (300, 300)
    page.get_by_role("combobox", name="Dataset").select_option("few-maps")
    expect(page.locator(".bar__title")).to_have_text("All heads")
    expect(page.locator(".marked")).to_be_hidden()
    page.go_back()
    expect(page.locator(".bar__title")).to_have_text("Layer 1, head 2")
    expect(page.locator(".marked")).to_be_visible()
    assert counts(page) == (300, 300)


def test_marked_points_of_a_head_are_exported_with_their_tokens(page: Page, address: str) -> None:
    open_view(page, address, GRID)
    page.keyboard.down("Shift")
    draw_around(page, box_of(page, ".cell >> nth=6"))
    page.keyboard.up("Shift")
    n_queries, n_keys = counts(page)
    assert n_queries > 0
    assert n_keys > 0
    assert "layer" not in query_of(page)
    name, _ = saved(page, "CSV")
    assert name == "words-pca-2d-L1-H2-marked.csv"
    page.get_by_role("button", name="Layer 1, head 2").click()
    expect(page.locator(".bar__title")).to_have_text("Layer 1, head 2")
    assert counts(page) == (n_queries, n_keys)
    wait_until(lambda: is_still(page), "the map is whole")

    mark_all(page)
    tokens = fetch_json(page, "api/v1/datasets/words/tokens")
    name, text = saved(page, "CSV")
    assert name == "words-pca-2d-L1-H2-marked.csv"
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == 600
    assert {row["kind"] for row in rows} == {"query", "key"}
    unquoted = [re.sub(r"^'(?=[=+\-@\t\r\n])", "", row["token"]) for row in rows[:300]]
    assert unquoted == tokens["text"]
    assert not any(re.match(r"[=+\-@\t\r\n]", row["token"]) for row in rows)
    assert all(0 <= float(row[axis]) <= 1 for row in rows for axis in "xy")
    name, text = saved(page, "JSON")
    exported = json.loads(text)
    assert name == "words-pca-2d-L1-H2-marked.json"
    assert (exported["layer"], exported["head"], exported["method"]) == (1, 2, "pca")
    assert [point["token"] for point in exported["points"][:300]] == tokens["text"]
    page.locator(".marked").get_by_role("button", name="Clear").click()
    expect(page.locator(".marked")).to_be_hidden()


def test_a_summary_bar_highlights_its_points_and_a_click_marks_only_them(
    page: Page, address: str
) -> None:
    open_view(page, address, HEAD)
    mark_all(page)
    page.mouse.move(0, 0)
    wait_until(lambda: is_still(page), "the map is whole")
    before = picture(page)
    row = page.locator(".answer__row").first
    n = int(row.locator(".answer__count").inner_text())
    row.hover()
    wait_until(lambda: picture(page) != before, "the points of the bar are shown")
    assert counts(page) == (300, 300)
    page.mouse.move(0, 0)
    wait_until(lambda: picture(page) == before, "all marked points are shown again")
    row.click()
    wait_until(lambda: sum(counts(page)) == n, "the points of the bar alone are marked")
    page.keyboard.press("Control+z")
    wait_until(lambda: counts(page) == (300, 300), "all points are marked again")
