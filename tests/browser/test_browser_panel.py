"""The panel in a real browser: hiding, weighing, the mean, images and their connections."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.page_driver import PICTURE, fetch_json, open_view, query_of, wait_until
from tests.support.fake_dataset import FakeSpec, write_fake_dataset

HEAD = "datasets/words/heads/1/2"
TEXT = "?dataset=words&method=pca&layer=1&head=2&selected=query-1"
NUMBERS = """async (path) => {
  const answer = await fetch(`api/v1/${path}`);
  const n = Number(answer.headers.get('X-Shape').split(',')[0]);
  const all = [...new Float32Array(await answer.arrayBuffer())];
  return Array.from({ length: n }, (_, i) => all.slice(i * n, (i + 1) * n));
}"""
INKED = """canvas => {
  if (canvas.hidden || canvas.width === 0) return 0;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let n = 0;
  for (let i = 3; i < data.length; i += 4) if (data[i] > 0) n++;
  return n;
}"""
ABOVE_DIAGONAL = """canvas => {
  const { width: n } = canvas;
  const { data } = canvas.getContext('2d').getImageData(0, 0, n, n);
  let [above, below] = [0, 0];
  for (let row = 0; row < n; row++) for (let column = 0; column < n; column++) {
    if (data[4 * (row * n + column) + 3] > 0) column > row ? above++ : below++;
  }
  return [above, below];
}"""


def open_sentence(page: Page, address: str, query: str = TEXT) -> None:
    """Open a sentence in a window so high that all of its rows are in sight, and on the page."""
    page.set_viewport_size({"width": 1440, "height": 2600})
    open_view(page, address, query)


def rows(page: Page, kind: str, part: str = ".sentence__main") -> Locator:
    """Return the rows of one column of the sentence, or of the mean below it."""
    return page.locator(f"{part} .sentence__column--{kind} .sentence__row")


def read_weights(page: Page, kind: str, position: int, part: str = ".sentence__main") -> list[str]:
    """Point at a token; return the weights that are written at the tokens of the other kind."""
    other = "key" if kind == "query" else "query"
    page.mouse.move(600, 20)
    rows(page, kind, part).nth(position).hover()
    wait_until(
        lambda: (
            rows(page, kind, part)
            .nth(position)
            .evaluate("row => row.classList.contains('is-source')")
        ),
        "the weights of the token are told",
    )
    return [row.inner_text() for row in rows(page, other, part).locator(".sentence__weight").all()]


def written(weights: list[float]) -> list[str]:
    return [f"{weight:.2f}" if weight >= 0.01 else "" for weight in weights]


def differ(found: list[str], weights: list[float]) -> bool:
    """Whether written weights are others than these, to within the last digit."""
    pairs = zip(found, weights, strict=True)
    return any(abs(float(text or 0) - weight) > 0.0101 for text, weight in pairs)


def without_key(row: list[float], key: int) -> list[float]:
    kept = sum(row) - row[key]
    return [0.0 if i == key else weight / kept for i, weight in enumerate(row)]


def test_tokens_are_hidden_weighted_and_compared_with_the_mean(page: Page, address: str) -> None:
    open_sentence(page, address)
    pattern = page.evaluate(NUMBERS, f"{HEAD}/attention/0")
    require_selected_by_a_click(page, pattern)
    require_hidden_by_its_eye(page, pattern)
    require_hidden_by_keys(page)
    require_weighed_by_norms(page, pattern)
    mean = require_mean_below(page)
    require_heat_maps_tell_numbers(page, pattern, mean)
    require_both_scroll_in_step(page)
    require_means_of_all_heads_open_one(page)


def require_selected_by_a_click(page: Page, pattern: list[list[float]]) -> None:
    """Click a query: what pointing at it showed stays, in numbers and in one line."""
    texts = fetch_json(page, "api/v1/datasets/words/tokens")["text"]
    rows(page, "query").nth(2).locator(".sentence__button").click()
    assert query_of(page)["selected"] == "query-2"
    page.mouse.move(600, 20)
    page.evaluate("document.activeElement.blur()")
    weights = rows(page, "key").locator(".sentence__weight")
    expect(weights).to_have_text(written(pattern[2]))
    top = max(range(len(pattern[2])), key=pattern[2].__getitem__)
    for line in (".panel__answer", ".line-legend__line"):
        expect(page.locator(line)).to_contain_text(f"{texts[2]} → {texts[top]}")
        expect(page.locator(line)).to_contain_text(f"{pattern[2][top]:.2f}")


def require_hidden_by_its_eye(page: Page, pattern: list[list[float]]) -> None:
    """Hide a key: the others share its weight, and nothing moves; Alt-click shows it again."""
    key = rows(page, "key").nth(4)
    before = key.bounding_box()
    key.hover()
    key.locator(".sentence__eye").click()
    assert query_of(page)["hidden"] == "key-4"
    expect(key).to_contain_class("is-hidden")
    expect(page.locator(".tools__note")).to_contain_text("1 hidden")
    assert key.bounding_box() == before
    assert not differ(read_weights(page, "query", 2), without_key(pattern[2], 4))
    key.locator(".sentence__button").click(modifiers=["Alt"])
    assert "hidden" not in query_of(page)
    assert read_weights(page, "query", 2) == written(pattern[2])
    assert query_of(page)["selected"] == "query-2"


def require_hidden_by_keys(page: Page) -> None:
    """Hide a query by the keyboard: it has no row until all are shown again."""
    rows(page, "query").nth(1).locator(".sentence__button").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("x")
    assert query_of(page)["hidden"] == "query-2"
    assert not any(read_weights(page, "query", 2))
    assert any(read_weights(page, "query", 3))
    page.get_by_role("button", name="Reset", exact=True).click()
    assert "hidden" not in query_of(page)
    assert any(read_weights(page, "query", 2))


def require_weighed_by_norms(page: Page, plain: list[list[float]]) -> None:
    for weight in ("value", "output"):
        page.get_by_label("Weighting").select_option(weight)
        pattern = page.evaluate(NUMBERS, f"{HEAD}/attention/0?weight={weight}")
        weighed = written(pattern[2])
        wait_until(
            lambda weighed=weighed: read_weights(page, "query", 2) == weighed,
            f"numbers weighed by {weight} are shown",
        )
        assert weighed != written(plain[2]), weight
        expect(page.locator(".tools__note")).to_contain_text("rows sum to 1 again")
        assert query_of(page)["weight"] == weight
    page.get_by_label("Weighting").select_option("none")
    wait_until(lambda: read_weights(page, "query", 2) == written(plain[2]), "nothing is weighed")


def require_mean_below(page: Page) -> list[list[float]]:
    """Read the mean by position, which is hidden in step; leave it out; return it."""
    lengths = fetch_json(page, "api/v1/datasets/words/tokens")["sequences"]["length"]
    n, n_long = lengths[0], sum(1 for length in lengths if length >= lengths[0])
    expect(page.locator(".aggregate__words [role=status]")).to_have_text(
        f"By position, over {n_long} of {len(lengths)} sentences with ≥ {n} tokens."
    )
    assert 1 < n_long < 5
    expect(rows(page, "query", ".aggregate")).to_have_count(0)  # of few it is folded
    show_mean(page)
    mean = page.evaluate(NUMBERS, f"{HEAD}/aggregate?length={n}")
    assert read_weights(page, "query", 2, ".aggregate") == written(mean[2])
    expect(rows(page, "query").nth(2)).to_contain_class("is-source")
    key = rows(page, "key").nth(4).locator(".sentence__button")
    key.click(modifiers=["Alt"])
    expect(rows(page, "key", ".aggregate").nth(4)).to_contain_class("is-hidden")
    kept = (sum(mean[2]) - mean[2][4]) / sum(mean[2])
    wanted = [0.0 if i == 4 else weight / kept for i, weight in enumerate(mean[2])]
    assert not differ(read_weights(page, "query", 2, ".aggregate"), wanted)
    key.click(modifiers=["Alt"])
    show_below(page, "off")
    expect(page.locator(".aggregate .sentence__row")).to_have_count(0)
    assert query_of(page)["below"] == "none"
    return list(mean)


def show_mean(page: Page) -> None:
    """Unfold a mean that is of few sentences."""
    page.locator(".aggregate").get_by_role("button", name="Show").click()


def show_below(page: Page, what: str) -> None:
    page.locator(".aggregate").get_by_label(what, exact=True).check()


def require_heat_maps_tell_numbers(
    page: Page, pattern: list[list[float]], mean: list[list[float]]
) -> None:
    show_below(page, "squares")
    n = len(pattern)
    maps = page.locator(".pattern-matrix__canvas")
    expect(maps).to_have_count(2)
    wait_until(lambda: all(canvas.evaluate(INKED) > n for canvas in maps.all()), "both are drawn")
    frame = page.locator(".pattern-matrix__frame").first
    box = frame.bounding_box()
    assert box is not None
    side = box["width"] / n
    page.mouse.move(box["x"] + 4.5 * side, box["y"] + 2.5 * side)
    told = page.locator(".pattern-matrix__status")
    wanted = f"{pattern[2][4]:.3f} here, {mean[2][4]:.3f} in the mean"
    expect(told).to_contain_text(wanted)
    expect(told).to_contain_text("(3) → key")
    frame.focus()
    page.keyboard.press("ArrowRight")
    expect(told).to_contain_text(f"{pattern[2][5]:.3f} here")


def require_both_scroll_in_step(page: Page) -> None:
    """Scroll the sentence and then the mean, in a window that shows neither as a whole."""
    show_below(page, "lines")
    page.set_viewport_size({"width": 1440, "height": 560})
    lists = page.locator(".sentence__scroll")
    expect(lists).to_have_count(2)

    def share(which: int) -> float:
        return float(
            lists.nth(which).evaluate("e => e.scrollTop / (e.scrollHeight - e.clientHeight)")
        )

    for scrolled, other, to in ((0, 1, 1), (1, 0, 0)):
        lists.nth(scrolled).evaluate(
            "(e, share) => { e.scrollTop = share * (e.scrollHeight - e.clientHeight); }", to
        )
        wait_until(lambda i=other, to=to: abs(share(i) - to) < 0.05, f"list {other} follows")
        assert abs(share(scrolled) - to) < 0.05


def require_means_of_all_heads_open_one(page: Page) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    show_below(page, "squares")
    page.locator(".pattern-matrix").get_by_role("button", name="All heads").click()
    dialog = page.get_by_role("dialog", name="Mean attention by position in every head")
    cells = dialog.locator(".heads__cell")
    expect(cells).to_have_count(12)
    expect(dialog.locator(".heads__cell[aria-current=true]")).to_have_text("L1 H2")
    assert all(cell.locator("canvas").evaluate(INKED) > 0 for cell in cells.all())
    cells.nth(7).click()
    expect(dialog).to_be_hidden()
    expect(page.locator(".bar__title")).to_have_text("Layer 1, head 3")


def test_a_sink_is_shown_as_a_key_with_its_weight_and_can_be_selected(
    page: Page, address: str
) -> None:
    open_sentence(page, address, "?dataset=few-maps&layer=0&head=0&selected=query-3")
    pattern = page.evaluate(NUMBERS, "datasets/few-maps/heads/0/0/attention/0")
    left = [1 - sum(row) for row in pattern]
    sink = page.locator(".sentence__main .sentence__row--sink")
    expect(sink.locator(".sentence__weight")).to_have_text(f"{left[3]:.2f}")
    expect(rows(page, "key").nth(0)).to_have_class(re.compile("sentence__row--sink"))
    sink.get_by_role("button").click()
    expect(sink.get_by_role("button")).to_have_attribute("aria-pressed", "true")
    written = rows(page, "query").locator(".sentence__weight").all_text_contents()
    assert written == [f"{weight:.2f}" if weight >= 0.01 else "" for weight in left]
    sink.get_by_role("button").press("ArrowDown")
    expect(rows(page, "key").nth(1).get_by_role("button").first).to_be_focused()
    open_sentence(page, address, "?dataset=few-maps&layer=1&head=0&selected=query-3")
    expect(rows(page, "key").first).to_be_visible()
    expect(sink).to_have_count(0)


def test_panel_and_mean_are_resized_by_mouse_or_keyboard_and_keep_their_size(
    page: Page, address: str
) -> None:
    view = TEXT.replace("query-1", "query-40")  # a mean of enough sentences
    open_view(page, address, view)
    panel = page.locator(".panel")
    edge = page.get_by_role("separator", name="Width of the panel")

    def width() -> int:
        return int(panel.evaluate("panel => panel.offsetWidth"))

    before = width()
    expect(edge).to_have_attribute("aria-valuenow", str(before))
    box = edge.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 3, 400)
    page.mouse.down()
    page.mouse.move(box["x"] + 3 - 120, 400, steps=4)
    page.mouse.up()
    assert width() == pytest.approx(before + 120, abs=2)
    edge.press("ArrowRight")
    wait_until(lambda: width() == pytest.approx(before + 104, abs=2), "the panel is narrower")
    height = page.get_by_role("separator", name="Height of the mean")
    height.press("ArrowUp")
    expect(height).to_have_attribute("aria-valuenow", "45")
    chosen = width()
    open_view(page, address, view)
    assert width() == chosen
    expect(height).to_have_attribute("aria-valuenow", "45")
    edge.press("Home")  # the map keeps some room
    wait_until(lambda: width() > chosen, "the panel is as wide as it may be")
    assert page.locator(".map").evaluate("map => map.clientWidth") > 250
    edge.press("Enter")
    wait_until(lambda: width() == before, "the panel is as it was")


def ink(page: Page) -> int:
    return int(page.locator(".image__links").evaluate(INKED))


def test_images_have_connections_and_a_mean_and_patches_can_be_hidden(
    page: Page, address: str
) -> None:
    open_view(page, address, "?dataset=pictures&layer=1&head=2")
    require_images_to_choose_from(page)
    page.locator(".strip__tile").nth(1).click()
    page.locator(".image__patch").nth(9).click()
    wait_until(lambda: query_of(page)["selected"] == "query-60", "a patch is selected")
    pattern = page.evaluate(NUMBERS, "datasets/pictures/heads/1/2/attention/1")
    require_connections(page, pattern)
    require_mean_over_images(page, pattern)
    require_hidden_patches(page)


def require_images_to_choose_from(page: Page) -> None:
    """Choose an image by the mouse and another by keys; Escape leads back to all of them."""
    expect(page.get_by_role("heading", name="Images")).to_be_visible()
    tiles = page.locator(".strip__tile")
    expect(tiles).to_have_count(3)
    loaded = "image => image.complete && image.naturalWidth > 0"
    for picture in page.locator(".strip__image").all():
        assert "/thumbnail" in (picture.get_attribute("src") or "")
        wait_until(lambda p=picture: p.evaluate(loaded), "a thumbnail is loaded")
    tiles.nth(2).click()
    assert query_of(page)["selected"] == "query-125", "not its class token"
    expect(page.locator(".panel__chosen")).to_contain_text("position 26 of 50")
    expect(page.locator(".strip__tile[aria-current=true]")).to_have_attribute("data-image", "2")
    tiles.nth(2).focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    wait_until(lambda: query_of(page)["selected"] == "query-75", "the image before is selected")
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Images")).to_be_visible()


def require_connections(page: Page, pattern: list[list[float]]) -> None:
    """Draw the strongest, all from a threshold on, and those of one patch alone."""
    page.get_by_role("radio", name="strongest").check()
    wait_until(lambda: ink(page) > 50, "arrows are drawn")
    told = page.locator(".image__status")
    n_strongest = sum(1 for row in pattern if max(row) >= 0.05)
    expect(told).to_contain_text(f"{n_strongest} connection")
    page.get_by_label("all", exact=True).check()
    slider = page.locator(".image__slider")
    for threshold in (0.05, 0.02):
        slider.fill(str(threshold))
        n_links = sum(1 for row in pattern for weight in row if weight >= threshold)
        expect(told).to_contain_text(f"All connections: {n_links:,}".replace(",", "\u202f"))
        assert query_of(page)["image-threshold"] == str(threshold)
    links = page.locator(".image__links")
    seen = links.evaluate(PICTURE)
    page.locator(".image__patch").nth(30).hover()
    n_row = sum(1 for weight in pattern[31] if weight >= 0.02)
    expect(told).to_contain_text(f"row 4, column 2 attends to {n_row} token")
    wait_until(lambda: links.evaluate(PICTURE) != seen, "those of another patch stand out")
    page.get_by_role("radio", name="heat").check()


def require_mean_over_images(page: Page, pattern: list[list[float]]) -> None:
    page.get_by_label("mean of images").check()
    expect(page.locator(".image__status")).to_contain_text("Mean over 3 of 3 images")
    mean = page.evaluate(NUMBERS, "datasets/pictures/heads/1/2/aggregate?length=50")
    patch = page.locator(".image__patch").nth(20)
    words = "patch, row 2, column 6, weight"
    expect(patch).to_have_attribute("aria-label", f"{words} {mean[10][21]:.3f}")
    assert query_of(page)["image-mean"] == "on"
    page.get_by_label("this image").check()
    expect(patch).to_have_attribute("aria-label", f"{words} {pattern[10][21]:.3f}")


def require_hidden_patches(page: Page) -> None:
    """Hide a patch by a key, and show it again by Shift and a click."""
    patch = page.locator(".image__patch").nth(20)
    patch.focus()
    page.keyboard.press("x")
    assert query_of(page)["hidden"] == "query-21.key-21"
    expect(patch).to_have_attribute("aria-label", "patch, row 2, column 6, weight 0.000, hidden")
    patch.click(modifiers=["Shift"])
    assert "hidden" not in query_of(page)
    assert query_of(page)["selected"] == "query-60"


def test_causal_models_wide_patch_grids_and_many_images_are_laid_out(
    page: Page, serve: Callable[[Path], str], tmp_path: Path
) -> None:
    patches = {"modality": "image", "maps": ("pca-2d",)}
    for spec in (
        FakeSpec(
            "looks-back", is_causal=True, n_tokens=80, maps=("pca-2d",), sentence_lengths=(8, 8)
        ),
        FakeSpec("many", n_layers=1, n_heads=1, n_tokens=10_000, **patches),
        FakeSpec("wide", n_tokens=75, patch_rows=3, patch_columns=8, **patches),
    ):
        write_fake_dataset(tmp_path, spec)
    address = serve(tmp_path)
    at = "&layer=0&head=0"
    open_view(page, address, f"?dataset=looks-back{at}&selected=query-1&below=squares")
    require_nothing_above_the_diagonal(page)
    links = "image-links=all&image-threshold=0"
    open_view(page, address, f"?dataset=wide{at}&selected=query-30&{links}")
    require_wide_grid(page)
    open_view(page, address, "?dataset=many")
    require_only_thumbnails_in_sight(page)


def require_nothing_above_the_diagonal(page: Page) -> None:
    expect(page.locator(".pattern-matrix__canvas")).to_have_count(2)
    for canvas in page.locator(".pattern-matrix__canvas").all():
        wait_until(lambda c=canvas: c.evaluate(INKED) > 0, "a heat map is drawn")
        above, below = canvas.evaluate(ABOVE_DIAGONAL)
        assert above == 0 < below
    expect(page.get_by_role("button", name="Hide first token")).to_be_visible()
    show_below(page, "offset")
    labels = page.locator(".offsets__label").all_inner_texts()
    assert labels[-1] == "0"
    assert not any("+" in label for label in labels)


def require_wide_grid(page: Page) -> None:
    expect(page.locator(".image__patch")).to_have_count(24)
    frame, patch = (
        page.locator(name).bounding_box() for name in (".image__patches", ".image__patch >> nth=10")
    )
    assert frame is not None and patch is not None
    # The eleventh patch is in the second row of three, the third column of eight.
    assert abs(patch["x"] - frame["x"] - 2 * frame["width"] / 8) < 1
    assert abs(patch["y"] - frame["y"] - frame["height"] / 3) < 1
    wait_until(lambda: ink(page) > 50, "connections are drawn")


def require_only_thumbnails_in_sight(page: Page) -> None:
    tiles = page.locator(".strip__tile")
    expect(page.locator(".panel__title")).to_contain_text("200 images")
    assert 20 < tiles.count() < 150
    last = page.locator(".strip__tile[data-image='199']")
    expect(last).to_have_count(0)
    page.locator(".strip").evaluate("strip => strip.scrollTo(0, strip.scrollHeight)")
    last.click()
    assert query_of(page)["selected"] == "query-9975"
    expect(last).to_be_in_viewport()
    assert tiles.count() < 30


def test_the_selected_sentence_is_shown_in_all_heads_and_a_click_opens_one(
    page: Page, address: str
) -> None:
    open_view(page, address, "?dataset=words&method=pca&selected=query-10&order=recall_at_10")
    squares, line = page.locator(".squares__canvas"), page.locator(".squares__line")
    expect(line).to_contain_text("Rows are queries")
    box = squares.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    expect(line).to_have_text(re.compile(r"^L\d H\d · .*recall@10 0\.\d+ · .* → .*: \d\.\d\d$"))
    at = re.match(r"L(\d) H(\d)", line.inner_text())
    assert at is not None
    page.mouse.click(box["x"] + 5, box["y"] + 5)
    expect(page.locator(".bar__title")).to_have_text(f"Layer {at[1]}, head {at[2]}")
    expect(squares).to_be_hidden()
    page.go_back()
    expect(squares).to_be_visible()
    squares.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(line).to_have_text(re.compile(rf"^(?!{at[0]})L\d H\d · "))
    at = re.match(r"L(\d) H(\d)", line.inner_text())
    assert at is not None
    page.keyboard.press("Enter")
    expect(page.locator(".bar__title")).to_have_text(f"Layer {at[1]}, head {at[2]}")
