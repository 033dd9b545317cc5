"""axe-core finds nothing serious in any view, in either theme."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.page_driver import open_view

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RUN = """(rules) => axe.run(document, { resultTypes: ['violations'], ...rules })
  .then((found) => found.violations)"""
ALL_RULES: dict[str, object] = {}
COLORS = {"runOnly": ["color-contrast", "link-in-text-block"]}  # the rest is the same in both
GRAVE = ("serious", "critical")
VIEWS = {
    "grid": "?dataset=words",
    "grid-images": "?dataset=pictures",
    "head": "?dataset=words&layer=1&head=1",
    "head-3d": "?dataset=words&layer=1&head=1&dims=3&color=norm",
    "sentence": "?dataset=words&layer=1&head=1&selected=query-40",
    "sentence-squares": "?dataset=words&layer=1&head=1&selected=query-40&below=squares",
    "sentence-offset": "?dataset=words&layer=1&head=1&selected=key-40&below=offset&weight=value",
    "image": "?dataset=pictures&layer=1&head=1&selected=query-60",
    "image-links": "?dataset=pictures&layer=1&head=1&selected=query-60&image-links=all",
    "pairs": "?dataset=words&pairs=strong-1-4.weak-1-200.strong-40-41&layer=1&head=1",
    "pairs-grid": "?dataset=words&pairs=strong-1-4.weak-1-2",
    "scores": "?dataset=words&score=induction&order=entropy&filter=previous&score-min=0.2",
    "scores-of-images": "?dataset=pictures&score=same_row&score-min=0.1",
    "search": "?dataset=words&search=%28&search-mode=regex&color=position",
}


def grave_findings(page: Page) -> list[str]:
    """Return what axe-core calls serious or critical, with the places, in either theme."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = [("light", one) for one in page.evaluate(RUN, ALL_RULES)]
    page.emulate_media(color_scheme="dark")
    if page.locator("html[data-theme]").count():  # pages without a script follow by themselves
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    found += [("dark", one) for one in page.evaluate(RUN, COLORS)]
    page.emulate_media(color_scheme="light")
    return [
        f"{theme}: {one['id']} ({one['impact']}): {node['html'][:160]} "
        f"{node.get('failureSummary', '')}"
        for theme, one in found
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing_serious_in_a_view(page: Page, address: str, view: str) -> None:
    open_view(page, address, VIEWS[view])
    assert grave_findings(page) == []


def test_axe_finds_nothing_serious_in_the_help(page: Page, address: str) -> None:
    open_view(page, address, "?dataset=words")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert grave_findings(page) == []


@pytest.mark.parametrize(
    "view", ["?dataset=words&layer=1&head=1&selected=query-40", "?dataset=pictures"]
)
def test_axe_finds_nothing_serious_in_the_table_of_sequences(
    page: Page, address: str, view: str
) -> None:
    open_view(page, address, view)
    page.keyboard.press("t")
    expect(page.locator(".sequences__about")).to_contain_text("over")
    assert grave_findings(page) == []


@pytest.mark.parametrize("width", [1440, 1000])
def test_axe_finds_nothing_serious_in_the_map_of_heads(
    page: Page, address: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    open_view(page, address, "?dataset=words&layer=1&head=1")
    page.keyboard.press("m")
    expect(page.get_by_role("button", name="L1 H1, layer 1, head 1")).to_be_focused()
    assert grave_findings(page) == []


@pytest.mark.parametrize("view", ["grid", "head"])
def test_axe_finds_nothing_serious_in_the_table_of_heads(
    page: Page, address: str, view: str
) -> None:
    open_view(page, address, VIEWS[view])
    page.keyboard.press("h")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert grave_findings(page) == []


def test_axe_finds_nothing_serious_in_the_words_of_a_score(page: Page, address: str) -> None:
    open_view(page, address, VIEWS["head"])
    page.locator(".own-score summary").first.click()
    assert grave_findings(page) == []


def test_axe_finds_nothing_serious_where_there_is_no_dataset(page: Page, serve, tmp_path) -> None:
    page.goto(serve(tmp_path))
    expect(page.locator(".message")).to_be_visible()
    assert grave_findings(page) == []


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
        (".map-of-heads__dot[aria-current]", ".map-of-heads__dot:not([aria-current])"),
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


@pytest.mark.parametrize("view", FORCED)
def test_states_can_be_told_apart_where_the_system_forces_its_colours(
    page: Page, address: str, view: str
) -> None:
    page.emulate_media(forced_colors="active")
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
    for state, other in FORCED[view]:
        looks = [page.locator(selector).first.evaluate(LOOK) for selector in (state, other)]
        assert looks[0] != looks[1], (state, looks)
