"""axe-core finds nothing serious in any view, in either theme, and no words below 12 px."""

from playwright.sync_api import Page, expect
from tests.browser.axe import grave_findings
from tests.browser.figure_reader import sheet
from tests.browser.page_driver import next_frames, open_tab, open_view

HEAD = "?dataset=words&layer=1&head=1"
SENTENCE = f"{HEAD}&selected=query-40"
VIEWS_OF_HEADS = {
    "head": HEAD,
    "head-3d": f"{HEAD}&dims=3&color=norm",
    "sentence": SENTENCE,
    "sentence-squares": f"{SENTENCE}&below=squares",
    "sentence-offset": f"{HEAD}&selected=key-40&below=offset&weight=value",
    "image": "?dataset=pictures&layer=1&head=1&selected=query-60",
    "image-links": "?dataset=pictures&layer=1&head=1&selected=query-60&image-links=all",
    "comparison": f"{SENTENCE}&compare.dataset=pieces&compare.layer=0&compare.head=1",
    "pairs": f"{HEAD}&pairs=strong-1-4.weak-1-200.strong-40-41",
}
VIEWS_OF_GRIDS = {
    "start": "",
    "grid": "?dataset=words",
    "grid-images": "?dataset=pictures",
    "grid-norms": "?dataset=words&color=norm-shared",
    "pairs-grid": "?dataset=words&pairs=strong-1-4.weak-1-2",
    "scores": "?dataset=words&score=induction&order=entropy&filter=previous&score-min=0.2",
    "scores-of-images": "?dataset=pictures&score=same_row&score-min=0.1",
    "search": "?dataset=words&search=%28&search-mode=regex&color=position",
}


def findings_in(page: Page, address: str, views: dict[str, str]) -> dict[str, list[str]]:
    """Open one view after the other; return what is grave in each that has such a thing."""
    found = {name: grave_findings(open_view(page, address, view)) for name, view in views.items()}
    return {name: findings for name, findings in found.items() if findings}


def test_axe_finds_nothing_serious_in_any_view_of_a_head(page: Page, address: str) -> None:
    assert findings_in(page, address, VIEWS_OF_HEADS) == {}
    open_view(page, address, HEAD)
    for tab in ("Find", "Head"):
        open_tab(page, tab)
        assert grave_findings(page) == [], tab
    page.locator(".own-score summary").first.click()
    page.get_by_role("button", name="About: Scores of this head").click()
    assert grave_findings(page) == [], "the words of a score, and an explanation"
    sheet(page).get_by_role("checkbox", name="Full caption").check()
    assert grave_findings(page) == [], "the sheet of figures"


def test_axe_finds_nothing_serious_in_any_view_of_all_heads(page: Page, address: str) -> None:
    assert findings_in(page, address, VIEWS_OF_GRIDS) == {}


def test_axe_finds_nothing_serious_in_help_tables_and_the_map_of_heads(
    page: Page, address: str
) -> None:
    dialog = page.get_by_role("dialog").first
    about = page.locator(".sequences__about")
    for view, keys in ((VIEWS_OF_GRIDS["grid-images"], "t"), (VIEWS_OF_GRIDS["grid"], "h")):
        open_view(page, address, view)
        page.keyboard.press(keys)
        expect(dialog).to_be_visible()
        if keys == "t":
            expect(about).to_contain_text("over")
        assert grave_findings(page) == [], (view, keys)
    open_view(page, address, "")
    page.get_by_role("button", name="All datasets").click()
    page.get_by_role("button", name="Columns").click()
    assert grave_findings(page) == [], "datasets"
    open_view(page, address, SENTENCE)
    for key in ("?", "h", "t", "Control+k"):
        page.keyboard.press(key)
        expect(dialog).to_be_visible()
        if key == "t":
            expect(about).to_contain_text("over")
        assert grave_findings(page) == [], (SENTENCE, key)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        # A field of a closed dialog has the keys until the next rendering.
        page.wait_for_function("() => !document.activeElement?.closest('dialog')")
    page.keyboard.press("m")
    expect(page.get_by_role("button", name="L1 H1, layer 1, head 1")).to_be_focused()
    for width in (1440, 1000):
        page.set_viewport_size({"width": width, "height": 800})
        next_frames(page)
        assert grave_findings(page) == [], f"map of heads, {width} px"


# What a state looks like to whom the system's colours are forced on: shadows and images are none.
LOOK = """(element) => {
  const style = getComputedStyle(element);
  const looks = ['backgroundColor', 'color', 'borderTopColor', 'borderTopStyle', 'borderTopWidth',
    'outlineColor', 'outlineStyle', 'outlineWidth', 'opacity'];
  return looks.map((name) => style[name]).join();
}"""
SELECTED = "?dataset=words&method=pca&layer=1&head=2&selected=query-78"
FORCED = {
    f"{SELECTED}&pairs=strong-3-9.weak-4-20": [
        (".segments__input:checked + *", ".segments__input:not(:checked, :disabled) + *"),
        (".is-selected .sentence__button", ":not(.is-selected) > .sentence__button"),
        (".bar .button[aria-pressed=true]", ".bar .button[aria-pressed=false]"),
        (".bar .button[aria-disabled=true]", ".bar .button:not([aria-disabled])"),
        (".ranking__head[aria-current]", ".ranking__head:not([aria-current])"),
        (".pairs__wish:not(.is-weak)", ".pairs__wish.is-weak"),
        (".map-of-heads__ring.is-open", ".map-of-heads__ring.is-pointed"),
        (".meter__fill", ".ranking .meter"),
        (".range__fill", ".range"),
        (".legend__swatch--disc", ".legend__swatch--diamond"),
        (".sequences__row[aria-current]", ".sequences__row:not([aria-current])"),
    ],
    f"{SELECTED}&compare.dataset=pictures&compare.layer=0&compare.head=1": [
        (".is-active > .pane__head", ".stage:not(.is-active) > .pane__head"),
        (".is-active .pane__name", ".stage:not(.is-active) .pane__name"),
    ],
    "?dataset=words&method=pca&score=previous&score-min=0.05": [
        (".cell.is-tinted:not(.is-outside) .cell__head", ".cell.is-outside .cell__head"),
        (".cell.is-outside", ".cell:not(.is-outside)"),
        (".cell:hover", ".cell:not(:hover, .is-outside)"),
    ],
    "?dataset=growing": [
        (".cell.is-pending", ".cell:not(.is-pending)"),
        (".header__number[aria-invalid]", ".header__number:not([aria-invalid])"),
    ],
}


def test_states_look_different_in_forced_colours_mode(page: Page, address: str) -> None:
    page.emulate_media(forced_colors="active")
    alike = []
    for view, states in FORCED.items():
        open_view(page, address, view)
        for section in page.locator(".side details").all():
            section.evaluate("section => { section.open = true; }")
        if "pairs" in view:
            page.keyboard.press("m")  # which a button tells as pressed
            page.keyboard.press("t")
        elif "score" in view:
            page.locator(".cell").first.hover()
        else:
            page.locator(".header__number").first.fill("99")
            page.keyboard.press("Enter")
        for state, other in states:
            looks = [page.locator(selector).first.evaluate(LOOK) for selector in (state, other)]
            if looks[0] == looks[1]:
                alike.append((view, state, looks))
        if "pairs" in view:  # the map of heads stays where it was left open
            page.keyboard.press("Escape")
            page.get_by_role("button", name="Fold the map of heads").click()
    assert alike == []
