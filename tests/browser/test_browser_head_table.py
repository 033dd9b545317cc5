"""The table of all heads in a real browser: opening, saving, and a thousand heads."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect
from tests.browser.page_driver import (
    fetch_heads,
    fetch_json,
    next_frames,
    open_view,
    press_tool,
    wait_until,
)
from tests.support.fake_dataset import FakeSpec, write_fake_dataset

GRID = "?dataset=words&method=pca"
FIDELITY_LABELS = ["recall@10", "recall@100", "rank correlation", "trustworthiness"]


def open_table(page: Page) -> None:
    """Open the table by its key."""
    page.keyboard.press("h")
    expect(page.get_by_role("dialog")).to_be_visible()


def heads_of(page: Page) -> list[dict[str, Any]]:
    """Return what the server says of all heads."""
    return fetch_heads(page)


def test_the_table_of_heads_has_all_scores_and_is_saved_in_full(
    page: Page, address: str, tmp_path: Path
) -> None:
    open_view(page, address, GRID)
    press_tool(page, "Scores")
    expect(page.locator(".head-table__row")).to_have_count(12)
    own = fetch_json(page, "api/v1/datasets/words")["manifest"]["scores"]
    scores = fetch_json(page, "api/v1/datasets")["scores"]
    labels = [
        score["label"]
        for score in scores
        if score["name"] in own and score["modality"] in (None, "text") and score["until"] is None
    ]
    headers = page.locator(".head-table thead th .head-table__sort").all_inner_texts()
    assert headers == ["Head", *labels, *FIDELITY_LABELS]
    head = heads_of(page)[5]
    numbers = page.locator(".head-table__row").nth(5).locator("td").all_inner_texts()
    value, n_rows = (head["scores"]["previous"][key] for key in ("value", "n_rows"))
    assert numbers[0] == f"{value:.3f}"
    assert numbers[-4] == f"{head['maps']['pca-2d']['fidelity']['recall_at_10']:.3f}"
    told = page.locator(".head-table__row").nth(5).locator("td").first.get_attribute("title")
    assert told == f"Previous token {value:g} over {n_rows} row{'' if n_rows == 1 else 's'}"

    save_every_number(page, tmp_path)
    expect(page.locator(".histogram__mark:visible")).to_have_count(0)
    page.locator(".head-table__row").nth(6).locator("td").nth(3).click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator(".bar__title")).to_have_text("Layer 1, head 2")
    open_table(page)
    expect(page.locator(".head-table__row[aria-current=true]")).to_contain_text("L1 H2")
    marks = page.locator(".head-table .histogram__mark:not([hidden])")
    expect(marks).to_have_count(page.locator(".head-table__histogram").count())
    for size in ((1024, 700), (390, 800)):
        find_room(page, size)


def save_every_number(page: Page, tmp_path: Path) -> None:
    """Save the open table as CSV and as JSON, which hold what the server says."""
    heads = heads_of(page)
    with page.expect_download() as started:
        page.get_by_role("button", name="CSV").click()
    assert started.value.suggested_filename == "words-heads.csv"
    target = tmp_path / "heads.csv"
    started.value.save_as(target)
    with target.open(newline="", encoding="utf-8-sig") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == len(heads)
    for line, head in zip(lines, heads, strict=True):
        assert (int(line["layer"]), int(line["head"])) == (head["layer"], head["head"])
        assert line["map"] == "pca-2d"
        for name in ("previous", "entropy", "mean_distance", "probe_induction"):
            assert float(line[name]) == head["scores"][name]["value"]
            assert int(line[f"{name}_n_rows"]) == head["scores"][name]["n_rows"]
        assert float(line["recall_at_10"]) == head["maps"]["pca-2d"]["fidelity"]["recall_at_10"]
    assert "same_row" not in lines[0]
    with page.expect_download() as started:
        page.get_by_role("button", name="JSON").click()
    saved = json.loads(Path(started.value.path()).read_text(encoding="utf-8"))
    assert (saved["dataset"], saved["map"], len(saved["heads"])) == ("words", "pca-2d", len(heads))
    for row, head in zip(saved["heads"], heads, strict=True):
        assert row["induction"] == head["scores"]["induction"]["value"]
        assert row["induction_n_rows"] == head["scores"]["induction"]["n_rows"]


def find_room(page: Page, size: tuple[int, int]) -> None:
    """Look at the open table in a window of some size."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    next_frames(page)
    box = page.get_by_role("dialog").bounding_box()
    assert box is not None
    assert box["x"] >= 0 and box["x"] + box["width"] <= size[0]
    assert box["y"] >= 0 and box["y"] + box["height"] <= size[1]
    last = page.get_by_role("button", name="trustworthiness", exact=True)
    last.scroll_into_view_if_needed()
    expect(last).to_be_in_viewport()
    expect(page.locator(".head-table__open").first).to_be_in_viewport()


def test_the_table_of_a_thousand_heads_renders_only_visible_rows(
    page: Page, serve: Callable[[Path], str], tmp_path: Path
) -> None:
    wide = FakeSpec("wide", n_layers=25, n_heads=40, n_tokens=20, d_head=2, maps=("pca-2d",))
    write_fake_dataset(tmp_path, wide)
    open_view(page, serve(tmp_path), "?dataset=wide")
    open_table(page)
    found = page.locator(".head-table__row")
    wait_until(lambda: 10 < found.count() < 80, "the rows in sight are there")
    expect(page.get_by_role("table")).to_have_attribute("aria-rowcount", "1001")
    page.locator(".head-table__open").first.focus()
    page.keyboard.press("End")
    expect(page.locator(".head-table__open:focus")).to_have_text("L24 H39")
    expect(found.last).to_have_attribute("aria-rowindex", "1001")
    assert found.count() < 80
    page.get_by_role("button", name="Entropy", exact=True).click()
    wait_until(lambda: found.first.get_attribute("aria-rowindex") == "2", "the highest is in sight")
    page.locator(".head-table__scroll").evaluate("scroll => scroll.scrollTop = 14000")
    wait_until(lambda: int(found.first.get_attribute("aria-rowindex") or 0) > 400, "it scrolls")
    assert found.count() < 80
    name = found.nth(12).locator(".head-table__open").inner_text()
    found.nth(12).click()
    layer, head = (part[1:] for part in name.split())
    expect(page.locator(".bar__title")).to_have_text(f"Layer {layer}, head {head}")
