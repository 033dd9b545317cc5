"""The table of all sentences or images: filtered, sorted, saved, and left by opening one."""

import csv
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, Route, expect
from tests.browser.page_driver import (
    fetch_json,
    open_tab,
    open_view,
    query_of,
    wait_for_held,
    wait_until,
)
from tests.support.fake_dataset import FakeSpec, write_fake_dataset

HEAD = "?dataset=words&method=pca&layer=1&head=2"
SCORES = """async (path) => {
  const answer = await fetch(`api/v1/${path}`);
  const all = [...new Float32Array(await answer.arrayBuffer())];
  return Array.from({ length: all.length / 3 }, (_, i) => all.slice(3 * i, 3 * i + 3));
}"""


def open_table(page: Page, address: str, query: str) -> Locator:
    """Open a view and its table; return the table once its numbers are there."""
    open_view(page, address, query)
    page.keyboard.press("t")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".sequences__about")).to_contain_text("row")
    expect(dialog.locator(".sequences__about")).not_to_contain_text("Computing")
    return dialog


def cells(dialog: Locator, column: str) -> list[str]:
    """Return what stands in one column, from the top."""
    names = [name.strip() for name in dialog.locator("thead th").all_inner_texts()]
    rows = dialog.locator(".sequences__row")
    return [
        text.strip()
        for text in rows.locator(f"td:nth-child({names.index(column) + 1})").all_inner_texts()
    ]


def head_of(dialog: Locator, column: str) -> Locator:
    return dialog.get_by_role("columnheader", name=column, exact=True)


def starts_of(page: Page) -> list[int]:
    """Return the first token of every sentence."""
    return fetch_json(page, "api/v1/datasets/words/tokens")["sequences"]["start"]


def test_the_table_of_sentences_has_scores_and_sorts_filters_saves_and_opens(
    page: Page, address: str
) -> None:
    dialog = open_table(page, address, HEAD)
    expect(dialog.get_by_role("searchbox")).to_be_focused()
    assert dialog.locator("[aria-current]").count() == 0
    require_numbers_of_open_head(page, dialog)
    require_sorted_by_clicks(dialog)
    require_filtered_and_saved(page, dialog)
    require_opened_and_marked(page, dialog)
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    expect(page.locator(".bar__title")).to_have_text("All heads")
    require_means_over_heads(page, dialog)


def require_numbers_of_open_head(page: Page, dialog: Locator) -> None:
    tokens = fetch_json(page, "api/v1/datasets/words/tokens")
    sequences = tokens["sequences"]
    scores = page.evaluate(SCORES, "datasets/words/sequences/scores?layer=1&head=2")
    assert cells(dialog, "Tokens") == [str(n) for n in sequences["length"]]
    assert cells(dialog, "topic") == sequences["columns"]["topic"]
    wait_until(lambda: "–" not in cells(dialog, "Normalised entropy"), "entropies are there")
    assert cells(dialog, "Keys for 90 %") == [f"{keys:.1f}" for keys, _, _ in scores]
    assert cells(dialog, "Normalised entropy") == [f"{entropy:.3f}" for _, entropy, _ in scores]
    expect(dialog.locator(".sequences__about")).to_contain_text("Layer 1, head 2; over 300 rows")
    repeats = []
    for start, n in zip(sequences["start"], sequences["length"], strict=True):
        span = range(start, start + n)
        ids = [tokens["token_id"][i] for i in span if tokens["token_type"][i] == "text"]
        repeats.append(str(sum(ids.count(one) > 1 for one in ids)))
    assert cells(dialog, "Repeats") == repeats


def require_sorted_by_clicks(dialog: Locator) -> None:
    """Click a heading: it sorts; once more: the order is reversed, and so it stays."""
    expect(head_of(dialog, "No.")).to_have_attribute("aria-sort", "ascending")
    lengths = sorted(map(int, cells(dialog, "Tokens")))
    head_of(dialog, "Tokens").get_by_role("button").click()
    assert list(map(int, cells(dialog, "Tokens"))) == lengths[::-1]
    expect(head_of(dialog, "Tokens")).to_have_attribute("aria-sort", "descending")
    assert head_of(dialog, "No.").get_attribute("aria-sort") is None
    head_of(dialog, "Tokens").get_by_role("button").click()
    assert list(map(int, cells(dialog, "Tokens"))) == lengths
    expect(head_of(dialog, "Tokens")).to_have_attribute("aria-sort", "ascending")


def require_filtered_and_saved(page: Page, dialog: Locator) -> None:
    """Filter by part of a column; what is saved is what is shown, and no formula."""
    n = len(cells(dialog, "No."))
    wanted = dialog.get_by_role("searchbox")
    wanted.fill("travel")
    with page.expect_download() as saving:
        dialog.get_by_role("button", name="CSV").click()
    assert saving.value.suggested_filename == "words-L1-H2-sentences.csv"
    with Path(saving.value.path()).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["number"] for row in rows] == cells(dialog, "No.")
    assert [int(row["tokens"]) for row in rows] == sorted(int(row["tokens"]) for row in rows)
    assert {row["column topic"] for row in rows} == {"travel"}
    assert all(0 < float(row["entropy"]) <= 1 for row in rows)
    assert not [row for row in rows if row["text"].startswith(("=", "+", "-", "@"))]
    wanted.fill("<B>bold")
    topics = cells(dialog, "topic")
    assert 0 < len(topics) < n
    assert set(topics) == {"<b>bold</b>"}
    expect(dialog.locator(".sequences__count")).to_have_text(f"{len(topics)} of {n} sentences")
    wanted.press_sequentially("nothing")
    expect(dialog.locator(".sequences__nothing")).to_be_visible()
    expect(dialog.get_by_role("button", name="CSV")).to_be_disabled()
    wanted.fill("")
    head_of(dialog, "No.").get_by_role("button").click()


def require_opened_and_marked(page: Page, dialog: Locator) -> None:
    """Open a sentence by the mouse, come back to its row, and open another by keys."""
    dialog.locator(".sequences__open").nth(3).click()
    expect(dialog).to_be_hidden()
    starts = starts_of(page)
    assert query_of(page)["selected"] == f"query-{starts[3] + 1}"
    expect(page.locator(".panel")).to_be_visible()
    page.keyboard.press("t")
    current = dialog.locator(".sequences__row[aria-current=true]")
    expect(current).to_have_count(1)
    assert current.locator("td").first.inner_text() == "4"
    dialog.locator(".sequences__open").first.focus()
    for key in ("ArrowDown", "ArrowDown", "End", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    expect(dialog).to_be_hidden()
    assert query_of(page)["selected"] == f"query-{starts[-2] + 1}"


def require_means_over_heads(page: Page, dialog: Locator) -> None:
    open_tab(page, "Find")
    page.get_by_role("button", name="Browse sentences").click()
    expect(dialog.locator(".sequences__about")).to_contain_text("mean over all 12 heads")
    scores = page.evaluate(SCORES, "datasets/words/sequences/scores")
    wanted = [f"{entropy:.3f}" for _, entropy, _ in scores]
    wait_until(lambda: cells(dialog, "Normalised entropy") == wanted, "the means are there")


def test_the_table_of_sentences_opens_before_scores_and_tokens_are_loaded(
    page: Page, address: str
) -> None:
    page.expected.append("500")  # type: ignore[attr-defined]
    held: list[Route] = []
    page.route("**/sequences/scores*", lambda route: held.append(route))
    open_view(page, address, HEAD)
    require_pressed_row_opens_while_numbers_come(page, held)
    page.keyboard.press("g")
    expect(page.locator(".bar__title")).to_have_text("All heads")
    held.clear()
    require_numbers_are_asked_for_again(page, held)
    page.keyboard.press("Escape")
    require_late_corpus_fills_the_table(page)


def require_pressed_row_opens_while_numbers_come(page: Page, held: list[Route]) -> None:
    page.keyboard.press("t")
    row = page.locator(".sequences__row").nth(2)
    expect(row).to_contain_text("–")
    row.hover()
    page.mouse.down()
    wait_for_held(page, held, "the numbers are asked for")
    held[0].continue_()
    expect(row).not_to_contain_text("–")
    page.mouse.up()
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert query_of(page)["selected"] == f"query-{starts_of(page)[2] + 1}"


def require_numbers_are_asked_for_again(page: Page, held: list[Route]) -> None:
    page.keyboard.press("t")
    dialog = page.get_by_role("dialog")
    wait_for_held(page, held, "the means are asked for")
    body = '{"error": {"code": "damaged", "message": "a file has changed"}}'
    held.pop().fulfill(status=500, body=body, content_type="application/json")
    expect(dialog.locator(".sequences__about")).to_contain_text("a file has changed")
    assert set(cells(dialog, "Normalised entropy")) == {"–"}
    dialog.get_by_role("button", name="Try again").click()
    wait_for_held(page, held, "they are asked for again")
    held.pop().continue_()
    wait_until(lambda: "–" not in cells(dialog, "Normalised entropy"), "entropies are there")
    page.unroute("**/sequences/scores*")


def require_late_corpus_fills_the_table(page: Page) -> None:
    """Open the table of another dataset whose tokens fail once: it says so, and fills later."""
    held: list[Route] = []
    page.route("**/datasets/pictures/tokens/vocabulary*", lambda route: held.append(route))
    page.get_by_role("combobox", name="Dataset").select_option("pictures")
    open_tab(page, "Find")
    page.get_by_role("button", name="Browse images").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".sequences__about")).to_have_text("Loading the images …")
    expect(dialog.get_by_role("heading")).to_have_text("All images")
    expect(dialog.get_by_role("table")).to_be_hidden()
    expect(dialog.get_by_role("button", name="CSV")).to_be_disabled()
    wait_for_held(page, held, "the tokens are asked for")
    held.pop().fulfill(status=500, body="{}", content_type="application/json")
    expect(dialog.locator(".sequences__about")).to_have_text("Could not load the images.")
    dialog.get_by_role("button", name="Try again").click()
    expect(dialog.locator(".sequences__about")).to_have_text("Loading the images …")
    wait_for_held(page, held, "the tokens are asked for again")
    held.pop().continue_()
    expect(dialog.locator(".sequences__row")).to_have_count(3)
    expect(dialog.locator(".sequences__about")).to_contain_text("row")
    assert cells(dialog, "label") == ["red", "green", "blue"]
    pictures = dialog.locator(".sequences__image")
    expect(pictures).to_have_count(3)
    wait_until(lambda: pictures.nth(2).evaluate("i => i.naturalWidth") > 0, "thumbnails are there")
    dialog.locator(".sequences__open").nth(1).click()
    wait_until(
        lambda: query_of(page).get("selected") == "query-75",
        "the patch in the middle of the second image is selected",
    )


def test_a_table_of_ten_thousand_sentences_renders_only_visible_rows(
    page: Page, serve: Callable[[Path], str], tmp_path: Path
) -> None:
    spec = FakeSpec("many", n_layers=1, n_heads=1, n_tokens=230_000, d_head=2, maps=("pca-2d",))
    write_fake_dataset(tmp_path, spec)
    dialog = open_table(page, serve(tmp_path), "?dataset=many&layer=0&head=0")
    n = fetch_json(page, "api/v1/datasets/many")["manifest"]["n_sequences"]
    assert n > 9000
    assert dialog.locator(".sequences__row").count() < 80
    expect(dialog.get_by_role("table")).to_have_attribute("aria-rowcount", str(n + 1))
    scroller = dialog.locator(".sequences__scroll")
    scroller.evaluate("s => { s.scrollTop = s.scrollHeight; }")
    expect(dialog.locator(".sequences__row").last).to_have_attribute("aria-rowindex", str(n + 1))
    assert dialog.locator(".sequences__row").count() < 80
    head_of(dialog, "Normalised entropy").get_by_role("button").click()
    assert cells(dialog, "Normalised entropy") == sorted(
        cells(dialog, "Normalised entropy"), reverse=True
    )
