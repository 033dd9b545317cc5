"""What is done with the keyboard alone: walking through points, marking, tabbing."""

import csv
import io
from typing import Any

from playwright.sync_api import Page, expect
from tests.browser.page_driver import (
    box_of,
    fetch_json,
    next_frames,
    open_view,
    query_of,
    wait_until,
)

WORD = "rain"
HEAD = "?dataset=words&method=pca&layer=1&head=2"
STATUS = ".map > [role=status].visually-hidden"
# What has the focus: a name, its place on the page, and whether something shows it.
FOCUSED = """() => {
  const held = document.activeElement;
  if (!held || held === document.body) return null;
  const shown = held.matches('.segments__input') ? held.nextElementSibling : held;
  const style = getComputedStyle(shown);
  const box = shown.getBoundingClientRect();
  const isRinged = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1.5;
  const part = held.closest('.header, .side, .stage, .panel, .notices');
  return {
    name: held.ariaLabel || held.labels?.[0]?.textContent.trim() || held.textContent.trim(),
    part: part ? part.classList[0] : '',
    isShown: isRinged && box.width > 4 && box.height > 4,
    isInSight: box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight,
    number: held.dataset.number ?? held.outerHTML.slice(0, 120),
  };
}"""
# What Tab should reach: one of each group of radio buttons, and of each that arrows move in.
WANTED = """() => {
  const all = "button, input, select, textarea, a[href], summary, [tabindex]";
  return [...document.querySelectorAll(all)].filter((held) => {
    const isThere = held.checkVisibility({ visibilityProperty: true });
    if (held.disabled || held.tabIndex < 0 || !isThere) return false;
    if (held.type !== 'radio') return true;
    const group = [...document.querySelectorAll(`input[name="${held.name}"]`)];
    const stop = group.find((radio) => radio.checked) ?? group.find((radio) => !radio.disabled);
    return held === stop;
  }).map((held, i) => {
    held.dataset.number = String(i);
    return [String(i), held.outerHTML.slice(0, 120)];
  });
}"""
# Pressed as a Cyrillic layout has them.
CYRILLIC = """([key, code, ctrlKey]) => document.body.dispatchEvent(
  new KeyboardEvent('keydown', { key, code, ctrlKey, bubbles: true, cancelable: true }))"""
VIEWS = {
    "grid": f"?dataset=words&method=pca&search={WORD}",
    "head": f"{HEAD}&selected=query-1&search={WORD}",
    "image": "?dataset=pictures&layer=1&head=1&selected=query-60",
}


def said(page: Page) -> str:
    """Return what screen readers are told of the point that one has walked to."""
    return page.locator(STATUS).inner_text().replace("\u202f", "")


def press(page: Page, key: str, words: str) -> str:
    """Press a key; return what is said then, which begins with these words."""
    page.keyboard.press(key)
    return wait_until(lambda: said(page) if said(page).startswith(words) else "", words)


def test_n_and_p_move_between_points_or_hits_and_announce_them(page: Page, address: str) -> None:
    open_view(page, address, f"{HEAD}&color=frequency")
    columns = fetch_json(page, "api/v1/datasets/words/tokens")
    n, length = len(columns["text"]), columns["sequences"]["length"][0]
    first = press(page, "n", f"{columns['text'][0]}, query, position 1 of {length}")
    assert first.endswith(f", 1 of {2 * n} points")
    assert "Token frequency" in first
    expect(page.locator(".walk")).to_be_focused()
    tooltip = page.locator(".map .tooltip")
    expect(tooltip).to_contain_text(f"query, position 1 of {length}")
    expect(tooltip.locator(".tooltip__partners li").first).not_to_have_text("…")
    press(page, "n", f"{columns['text'][0]}, key, position 1 of {length}")
    press(page, "n", f"{columns['text'][1]}, query, position 2 of {length}")
    press(page, "p", f"{columns['text'][0]}, key, position 1 of {length}")
    second = columns["sequences"]["start"][1]
    press(page, "Shift+N", f"{columns['text'][second]}, query, position 1")
    page.keyboard.press("Enter")
    wait_until(lambda: query_of(page).get("selected") == f"query-{second}", "it is selected")
    expect(page.locator(".panel__chosen")).to_contain_text("query, position 1 of")
    # The first Escape leaves the point, the second clears the selection.
    page.keyboard.press("Escape")
    expect(tooltip).to_be_hidden()
    assert said(page) == ""
    assert query_of(page)["selected"] == f"query-{second}"
    page.keyboard.press("Escape")
    wait_until(lambda: "selected" not in query_of(page), "nothing is selected")

    open_view(page, address, f"{HEAD}&search={WORD}")  # where no walk has begun
    hits = [i for i, text in enumerate(columns["text"]) if text == WORD]
    assert len(hits) > 1
    for number in range(min(9, 2 * len(hits))):
        token = hits[number // 2]
        kind = ("query", "key")[number % 2]
        words = f"{WORD}, {kind}, position {columns['position'][token] + 1} of"
        told = press(page, "n", words)
        assert told.endswith(f"{number + 1} of {2 * len(hits)} points")
    page.keyboard.press("Tab")
    expect(page.locator(".map .tooltip")).to_be_hidden()


def test_the_command_palette_finds_heads_scores_tokens_and_commands(
    page: Page, address: str
) -> None:
    open_view(page, address, "?dataset=words&method=pca")
    box = page.get_by_role("combobox", name="Go to")
    options = page.locator("#palette-list").get_by_role("option")

    def type_in(words: str) -> None:
        page.keyboard.press("Control+k")
        expect(box).to_be_focused()
        box.fill(words)

    type_in("l9h1")
    expect(page.get_by_role("dialog").get_by_role("status")).to_have_text(
        "Layer 9 is outside 0..2."
    )
    box.fill("L1H2")
    expect(options).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator(".bar__title")).to_have_text("Layer 1, head 2")
    expect(box).to_be_hidden()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()  # also from a field
    type_in("induction")
    expect(box).to_have_attribute("aria-activedescendant", "palette-list-0")
    expect(page.locator("#palette-list-0")).to_contain_text("Induction")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    wait_until(lambda: query_of(page).get("order") == "induction", "the heads are sorted")
    type_in(WORD)
    page.locator("#palette-list-0").click()
    wait_until(lambda: query_of(page).get("search") == WORD, "the word is searched")
    type_in("table of heads")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="All heads and their scores")).to_be_visible()
    page.keyboard.press("Control+k")
    expect(box).to_be_hidden()


def test_a_point_reached_by_keyboard_moves_into_view_with_its_tooltip(
    page: Page, address: str
) -> None:
    open_view(page, address, f"{HEAD}&selected=query-9")
    box = box_of(page, ".map")
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    for _ in range(8):
        page.mouse.wheel(0, -400)
        next_frames(page)
    page.mouse.move(box["x"] + 2, box["y"] - 60)
    for _ in range(6):
        before = said(page)
        page.keyboard.press("n")
        wait_until(lambda b=before: said(page) != b, "another point is told")
        tip = page.locator(".map .tooltip")
        expect(tip).to_be_visible()
        # The sheet lies beside its point, wherever that is; both are inside the map.
        place = wait_until(tip.bounding_box, "the sheet is somewhere")
        assert box["x"] <= place["x"] <= box["x"] + box["width"]
        assert box["y"] <= place["y"] <= box["y"] + box["height"]

    page.mouse.move(box["x"] + 3, box["y"] + 3)
    expect(page.locator(".map .tooltip")).to_be_hidden()
    wait_until(lambda: page.keyboard.press("Escape") or "selected" not in query_of(page), "left")
    expect(page.locator(".panel")).to_be_hidden()
    page.evaluate(CYRILLIC, ["я", "KeyZ", True])
    expect(page.locator(".panel")).to_be_visible()
    page.evaluate(CYRILLIC, ["п", "KeyG", False])
    expect(page.locator(".bar__title")).to_have_text("All heads")


def test_hits_and_the_selected_sequence_are_marked_by_buttons_and_saved(
    page: Page, address: str
) -> None:
    open_view(page, address, "?dataset=words&method=pca")
    columns = fetch_json(page, "api/v1/datasets/words/tokens")
    n = columns["text"].count(WORD)
    button = page.get_by_role("button", name="Mark hits")
    marked = page.locator(".marked [role=status]")
    for view in ("All heads", "Layer 0, head 0"):
        expect(page.locator(".bar__title")).to_have_text(view)
        expect(button).to_be_hidden()
        page.keyboard.press("/")
        page.get_by_role("searchbox").fill(WORD)
        button.focus()
        page.keyboard.press("Enter")
        expect(marked).to_have_text(f"{n} queries, {n} keys")
        with page.expect_download() as download:
            page.locator(".marked").get_by_role("button", name="CSV").press("Enter")
        table = download.value.path().read_text(encoding="utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(table)))
        assert [row["token"] for row in rows] == [WORD] * 2 * n
        page.get_by_role("searchbox").fill("")
        page.locator(".marked").get_by_role("button", name="Clear").press("Enter")
        expect(page.locator(".marked")).to_be_hidden()
        if view == "All heads":
            page.locator(".cell").first.press("Enter")
    for dataset, word in (("words", "sentence"), ("pictures", "image")):
        open_view(page, address, f"?dataset={dataset}&layer=1&head=1&selected=key-60")
        columns = fetch_json(page, f"api/v1/datasets/{dataset}/tokens")
        length = columns["sequences"]["length"][columns["sequence"][60]]
        page.get_by_role("button", name=f"Mark {word}").press("Enter")
        expect(marked).to_have_text(f"{length} queries, {length} keys")


def test_tab_reaches_every_control_in_order_with_a_visible_focus(page: Page, address: str) -> None:
    for view in VIEWS.values():
        open_view(page, address, view)
        require_reached_by_tab(page, view)
    open_view(page, address, VIEWS["grid"])
    for stop in (".cell:focus", ".walk:focus"):
        page.keyboard.press("Tab")
        skip = page.get_by_role("link", name="Skip to map")
        expect(skip).to_be_focused()
        skip.press("Enter")
        expect(page.locator(stop)).to_have_count(1)
        open_view(page, address, VIEWS["head"])


def require_reached_by_tab(page: Page, view: str) -> None:
    page.evaluate("document.querySelectorAll('.section').forEach((part) => { part.open = true; })")
    page.evaluate("() => new Promise(requestAnimationFrame)")
    wanted = page.evaluate(WANTED)
    stops: list[dict[str, Any]] = []
    for _ in range(len(wanted) + 5):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED)
        if stop is None or stop["number"] in [known["number"] for known in stops]:
            break
        stops.append(stop)
    assert [stop["name"] for stop in stops if not stop["isShown"]] == [], view
    assert [stop["name"] for stop in stops if not stop["isInSight"]] == [], view
    reached = [stop["number"] for stop in stops]
    assert [html for number, html in wanted if number not in reached] == [], view
    assert [number for number in reached if not number.isdigit()] == [], view
    parts = [stop["part"] for stop in stops if stop["part"]]
    order = [part for i, part in enumerate(parts) if i == 0 or parts[i - 1] != part]
    assert order[:3] == ["header", "side", "stage"], view
    assert len(order) == len(set(order)), view
    assert [stop["number"] for stop in stops if not stop["name"]] == [], view
