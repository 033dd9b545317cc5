"""The table of all sentences or images: filtered, sorted, saved, and left by opening one."""

import csv
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, Route, expect
from tests.browser.page_driver import fetch_json, open_view, query_of, wait_until
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


def test_every_sentence_has_its_numbers_of_the_open_head(page: Page, address: str) -> None:
    dialog = open_table(page, address, HEAD)
    sequences = fetch_json(page, "api/v1/datasets/words/tokens")["sequences"]
    scores = page.evaluate(SCORES, "datasets/words/sequences/scores?layer=1&head=2")
    assert cells(dialog, "Tokens") == [str(n) for n in sequences["length"]]
    assert cells(dialog, "topic") == sequences["columns"]["topic"]
    wait_until(lambda: "–" not in cells(dialog, "Normalised entropy"), "entropies are there")
    assert cells(dialog, "Keys for 90 %") == [f"{keys:.1f}" for keys, _, _ in scores]
    assert cells(dialog, "Normalised entropy") == [f"{entropy:.3f}" for _, entropy, _ in scores]
    expect(dialog.locator(".sequences__about")).to_contain_text("Layer 1, head 2; over 300 rows")


def test_a_row_that_is_pressed_while_its_numbers_come_opens(page: Page, address: str) -> None:
    held: list[Route] = []
    page.route("**/sequences/scores*", lambda route: held.append(route))
    open_view(page, address, HEAD)
    page.keyboard.press("t")
    row = page.locator(".sequences__row").nth(2)
    expect(row).to_contain_text("–")
    row.hover()
    page.mouse.down()
    wait_until(lambda: len(held) > 0, "the numbers are asked for")
    held[0].continue_()
    expect(row).not_to_contain_text("–")
    page.mouse.up()
    expect(page.get_by_role("dialog")).to_be_hidden()
    start = fetch_json(page, "api/v1/datasets/words/tokens")["sequences"]["start"][2]
    assert query_of(page)["selected"] == f"query-{start}"


def test_in_the_grid_the_numbers_are_the_mean_over_all_heads(page: Page, address: str) -> None:
    open_view(page, address, "?dataset=words")
    page.get_by_role("button", name="Browse sentences").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".sequences__about")).to_contain_text("mean over all 12 heads")
    scores = page.evaluate(SCORES, "datasets/words/sequences/scores")
    wait_until(
        lambda: (
            cells(dialog, "Normalised entropy") == [f"{entropy:.3f}" for _, entropy, _ in scores]
        ),
        "the means are there",
    )


def test_repeats_are_counted_in_each_sentence(page: Page, address: str) -> None:
    dialog = open_table(page, address, HEAD)
    tokens = fetch_json(page, "api/v1/datasets/words/tokens")
    wanted = []
    for start, n in zip(tokens["sequences"]["start"], tokens["sequences"]["length"], strict=True):
        span = range(start, start + n)
        ids = [tokens["token_id"][i] for i in span if tokens["token_type"][i] == "text"]
        wanted.append(str(sum(ids.count(one) > 1 for one in ids)))
    assert cells(dialog, "Repeats") == wanted


def test_a_click_on_a_head_sorts_and_another_turns_the_order_over(page: Page, address: str) -> None:
    dialog = open_table(page, address, HEAD)
    expect(head_of(dialog, "No.")).to_have_attribute("aria-sort", "ascending")
    lengths = sorted(map(int, cells(dialog, "Tokens")))
    head_of(dialog, "Tokens").get_by_role("button").click()
    assert list(map(int, cells(dialog, "Tokens"))) == lengths[::-1]
    expect(head_of(dialog, "Tokens")).to_have_attribute("aria-sort", "descending")
    assert head_of(dialog, "No.").get_attribute("aria-sort") is None
    head_of(dialog, "Tokens").get_by_role("button").click()
    assert list(map(int, cells(dialog, "Tokens"))) == lengths
    expect(head_of(dialog, "Tokens")).to_have_attribute("aria-sort", "ascending")


def test_rows_are_filtered_by_what_they_contain_and_counted(page: Page, address: str) -> None:
    dialog = open_table(page, address, HEAD)
    n = len(cells(dialog, "No."))
    page.keyboard.type("<B>bold")
    topics = cells(dialog, "topic")
    assert 0 < len(topics) < n
    assert set(topics) == {"<b>bold</b>"}
    expect(dialog.locator(".sequences__count")).to_have_text(f"{len(topics)} of {n} sentences")
    page.keyboard.type("nothing")
    expect(dialog.locator(".sequences__nothing")).to_be_visible()
    expect(dialog.get_by_role("button", name="CSV")).to_be_disabled()


def test_a_row_opens_its_sentence_and_is_marked_when_one_comes_back(
    page: Page, address: str
) -> None:
    dialog = open_table(page, address, HEAD)
    assert dialog.locator("[aria-current]").count() == 0
    dialog.locator(".sequences__open").nth(3).click()
    expect(dialog).to_be_hidden()
    start = fetch_json(page, "api/v1/datasets/words/tokens")["sequences"]["start"][3]
    assert query_of(page)["selected"] == f"query-{start}"
    expect(page.locator(".panel")).to_be_visible()
    page.keyboard.press("t")
    current = dialog.locator(".sequences__row[aria-current=true]")
    expect(current).to_have_count(1)
    assert current.locator("td").first.inner_text() == "4"


def test_the_keyboard_walks_the_rows_and_opens_one(page: Page, address: str) -> None:
    dialog = open_table(page, address, HEAD)
    dialog.locator(".sequences__open").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    page.keyboard.press("ArrowUp")
    n = len(fetch_json(page, "api/v1/datasets/words/tokens")["sequences"]["start"])
    page.keyboard.press("Enter")
    start = fetch_json(page, "api/v1/datasets/words/tokens")["sequences"]["start"][n - 2]
    assert query_of(page)["selected"] == f"query-{start}"


def test_images_have_pictures_and_their_columns(page: Page, address: str) -> None:
    dialog = open_table(page, address, "?dataset=pictures")
    assert cells(dialog, "label") == ["red", "green", "blue"]
    pictures = dialog.locator(".sequences__image")
    expect(pictures).to_have_count(3)
    wait_until(lambda: pictures.nth(2).evaluate("i => i.naturalWidth") > 0, "thumbnails are there")
    dialog.locator(".sequences__open").nth(1).click()
    assert query_of(page)["selected"] == "query-50"  # the class token of the second image


def test_a_saved_table_is_what_is_shown_and_no_formula(page: Page, address: str) -> None:
    dialog = open_table(page, address, HEAD)
    page.keyboard.type("travel")
    head_of(dialog, "Tokens").get_by_role("button").click()
    with page.expect_download() as saving:
        dialog.get_by_role("button", name="CSV").click()
    assert saving.value.suggested_filename == "words-L1-H2-sentences.csv"
    with Path(saving.value.path()).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["number"] for row in rows] == cells(dialog, "No.")
    assert {row["column topic"] for row in rows} == {"travel"}
    assert all(0 < float(row["entropy"]) <= 1 for row in rows)
    assert not [row for row in rows if row["text"].startswith(("=", "+", "-", "@"))]


def test_numbers_that_cannot_be_had_say_so_and_are_asked_for_again(
    page: Page, address: str
) -> None:
    open_view(page, address, HEAD)
    page.expected.append("500")  # type: ignore[attr-defined]
    body = '{"error": {"code": "damaged", "message": "a file has changed"}}'
    is_broken = True

    def answer(route: Route) -> None:
        if is_broken:
            route.fulfill(status=500, body=body, content_type="application/json")
        else:
            route.continue_()

    page.route("**/sequences/scores*", answer)
    page.keyboard.press("t")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".sequences__about")).to_contain_text("a file has changed")
    assert set(cells(dialog, "Normalised entropy")) == {"–"}
    is_broken = False
    dialog.get_by_role("button", name="Try again").click()
    wait_until(lambda: "–" not in cells(dialog, "Normalised entropy"), "entropies are there")


def test_a_table_opened_before_its_corpus_is_there_fills_when_it_comes(
    page: Page, address: str
) -> None:
    open_view(page, address, HEAD)
    held: list[Route] = []
    page.route("**/datasets/pictures/tokens", lambda route: held.append(route))
    page.get_by_role("combobox", name="Dataset").select_option("pictures")
    page.get_by_role("button", name="Browse images").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".sequences__about")).to_have_text("Loading the images …")
    expect(dialog.get_by_role("heading")).to_have_text("All images")
    expect(dialog.get_by_role("table")).to_be_hidden()
    expect(dialog.get_by_role("button", name="CSV")).to_be_disabled()
    wait_until(lambda: held, "the tokens are asked for")
    page.expected.append("500")  # type: ignore[attr-defined]
    held.pop().fulfill(status=500, body="{}", content_type="application/json")
    expect(dialog.locator(".sequences__about")).to_have_text("Could not load the images.")
    dialog.get_by_role("button", name="Try again").click()
    expect(dialog.locator(".sequences__about")).to_have_text("Loading the images …")
    wait_until(lambda: held, "the tokens are asked for again")
    held.pop().continue_()
    expect(dialog.locator(".sequences__row")).to_have_count(3)
    expect(dialog.locator(".sequences__about")).to_contain_text("row")


def test_of_ten_thousand_sentences_only_those_in_sight_are_on_the_page(
    page: Page, serve: Callable[[Path], str], tmp_path: Path
) -> None:
    spec = FakeSpec("many", n_layers=1, n_heads=1, n_tokens=230_000, d_head=2, maps=("pca-2d",))
    write_fake_dataset(tmp_path, spec)
    dialog = open_table(page, serve(tmp_path), "?dataset=many&layer=0&head=0")
    n = len(fetch_json(page, "api/v1/datasets/many/tokens")["sequences"]["start"])
    assert n > 9000
    assert dialog.locator(".sequences__row").count() < 80
    expect(dialog.get_by_role("table")).to_have_attribute("aria-rowcount", str(n + 1))
    scroller = dialog.locator(".sequences__scroll")
    scroller.evaluate("s => { s.scrollTop = s.scrollHeight; }")
    expect(dialog.locator(".sequences__row").last).to_have_attribute("aria-rowindex", str(n + 1))
    assert dialog.locator(".sequences__row").count() < 80
    took = page.evaluate("""() => {
      const start = performance.now();
      const heads = [...document.querySelectorAll('.sequences__sort')];
      heads.find((head) => head.innerText.includes('entropy')).click();
      return performance.now() - start;
    }""")
    assert took < 2000
    assert cells(dialog, "Normalised entropy") == sorted(
        cells(dialog, "Normalised entropy"), reverse=True
    )
