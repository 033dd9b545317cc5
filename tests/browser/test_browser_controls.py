"""The controls: options, filters, choice of datasets, help and folded panels."""

import re
from itertools import product
from typing import Any, Literal

from playwright.sync_api import Page, expect
from tests.browser.page_driver import (
    LINES,
    fetch_json,
    fingerprint,
    open_tab,
    open_view,
    query_of,
    wait_until,
)

TEXT = "?dataset=words"
HEAD = "?dataset=words&method=pca&layer=1&head=2"
IMAGE = "?dataset=pictures&method=pca&layer=1&head=2"
NAMELESS = """() => {
  const text = (labels) => [...(labels ?? [])].map((label) => label.textContent).join('');
  const nameOf = (control) =>
    control.getAttribute('aria-label') || text(control.labels) || control.textContent;
  return [...document.querySelectorAll('.header, .side, .bar')]
    .flatMap((part) => [...part.querySelectorAll('button, input, select, summary')])
    .filter((control) => control.checkVisibility())
    .filter((control) => !nameOf(control).trim() || !control.closest('[title]'))
    .map((control) => control.outerHTML);
}"""
FAINT = """() => {
  const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  const light = (color) => [0.2126, 0.7152, 0.0722]
    .reduce((sum, share, i) => sum + share * linear(color[i] / 255), 0.05);
  const pen = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const parts = (color) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = color;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data];
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parts(getComputedStyle(at).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255];
  };
  const hasText = (element) =>
    [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const isPlain = (element) => !element.closest(':disabled, option, .visually-hidden')
    && !element.parentElement.querySelector(':scope > :disabled');
  const texts = [...document.querySelectorAll('.header *, .side *, dialog *')]
    .filter((element) => element.checkVisibility() && hasText(element) && isPlain(element));
  const faint = texts.filter((element) => {
    const pair = [light(parts(getComputedStyle(element).color)), light(behind(element))];
    return Math.max(...pair) / Math.min(...pair) < 4.5;
  });
  const words = (element) => `${element.className}: ${element.textContent.slice(0, 40)}`;
  return [texts.length, faint.map(words)];
}"""
FITS = """() => {
  const side = document.querySelector('.side');
  return side.scrollWidth <= side.clientWidth;
}"""


def tokens_of(page: Page, dataset: str = "words") -> dict[str, Any]:
    """Return the columns of a dataset."""
    return fetch_json(page, f"api/v1/datasets/{dataset}/tokens")


def unfold(page: Page, *titles: str) -> None:
    """Open parts of the controls."""
    for title in titles:
        page.locator("summary").filter(has_text=re.compile(f"^{title}")).click()


def test_dots_labels_and_lines_follow_their_options(page: Page, address: str) -> None:
    open_view(page, address, HEAD)
    unfold(page, "Map options")
    page.get_by_label("Labels").uncheck()
    assert query_of(page)["labels"] == "off"
    plain = fingerprint(page)
    slider = page.get_by_label("Dot size")
    slider.focus()
    page.keyboard.press("End")
    expect(page.locator(".slider__value").filter(has_text="4.00 ×")).to_be_visible()
    assert query_of(page)["dot"] == "4"
    assert fingerprint(page) != plain
    slider.dblclick()
    wait_until(lambda: "dot" not in query_of(page), "the size is as at first")
    assert fingerprint(page) == plain
    page.get_by_label("Size by norm").check()
    wait_until(lambda: fingerprint(page) != plain, "dots have the sizes of their norms")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("l")
    expect(page.get_by_label("Labels")).to_be_checked()
    page.keyboard.press("g")
    expect(page.get_by_label("Size by norm")).to_be_hidden()

    open_view(page, address, f"{HEAD}&selected=query-40&labels=off")
    wait_until(lambda: page.evaluate(LINES) > 0, "lines are drawn")
    unfold(page, "Options")
    drawn = page.evaluate(LINES)
    page.get_by_label("Only of the selected point").uncheck()
    wait_until(lambda: page.evaluate(LINES) > drawn, "the lines of the sentence are drawn, too")
    drawn = page.evaluate(LINES)
    page.get_by_label("Least weight").focus()
    page.keyboard.press("End")
    wait_until(lambda: page.evaluate(LINES) == 0, "no weight is that large")
    page.get_by_label("Least weight").dblclick()
    page.get_by_label("Lines of a token").focus()
    page.keyboard.press("End")
    wait_until(lambda: page.evaluate(LINES) > drawn, "there are more lines")
    assert query_of(page)["line-count"] == "20"


def test_filters_show_the_number_of_points_and_can_be_cleared(page: Page, address: str) -> None:
    open_view(page, address, f"{HEAD}&labels=off")
    plain = fingerprint(page)
    columns = tokens_of(page)
    n = len(columns["text"])
    unfold(page, "Filters")
    expect(page.get_by_label("Attention", exact=True)).to_be_hidden()  # nothing is selected
    page.get_by_label("Keys", exact=True).check()
    expect(page.locator(".filters__count")).to_have_text(f"{n} of {2 * n} points shown")
    page.get_by_label("Position, to").focus()
    page.keyboard.press("Home")
    lengths = columns["sequences"]["length"]
    expect(page.locator(".filters__count")).to_have_text(f"{len(lengths)} of {2 * n} points shown")
    page.get_by_label("All", exact=True).check()
    expect(page.locator(".filters__count")).to_have_text(
        f"{2 * len(lengths)} of {2 * n} points shown"
    )
    page.get_by_label("Norm, from").focus()
    page.keyboard.press("End")
    expect(page.locator(".section__note").filter(has_text="2 active")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(page.locator(".filters__foot")).to_be_hidden()
    wait_until(lambda: fingerprint(page) == plain, "all points are drawn again")

    open_view(page, address, f"{HEAD}&selected=query-40&attention=0.02")
    columns = tokens_of(page)
    sequence, position = columns["sequence"][40], columns["position"][40]
    weights = page.evaluate(
        """async ([sequence, position]) => {
          const answer = await fetch(`api/v1/datasets/words/heads/1/2/attention/${sequence}`);
          const n = Number(answer.headers.get('X-Shape').split(',')[0]);
          const pattern = new Float32Array(await answer.arrayBuffer());
          return [...pattern].slice(position * n, (position + 1) * n);
        }""",
        [sequence, position],
    )
    n_left = 1 + sum(weight >= 0.02 for weight in weights)
    assert 2 < n_left <= len(weights)
    expect(page.locator(".filters__count")).to_have_text(
        f"{n_left} of {2 * len(columns['text'])} points shown"
    )
    expect(page.locator(".slider__value").filter(has_text="≥ 0.02")).to_be_visible()


def test_open_and_folded_sections_are_remembered(page: Page, address: str) -> None:
    open_view(page, address, TEXT)
    expect(page.get_by_label("Dot size")).to_be_hidden()
    unfold(page, "Map options", "Map fidelity")
    open_view(page, address, TEXT)
    expect(page.get_by_label("Dot size")).to_be_visible()
    expect(page.locator(".fidelity__rows")).to_be_hidden()

    open_view(page, address, f"{HEAD}&selected=query-40")
    width = page.locator(".map").bounding_box()["width"]
    page.get_by_role("button", name="The controls").click()
    page.get_by_role("button", name="The sentence or image").click()
    for part in (".side", ".panel"):
        expect(page.locator(part)).to_be_hidden()
    wait_until(lambda: page.locator(".map").bounding_box()["width"] > 1.5 * width, "the map grows")
    open_view(page, address, HEAD)
    expect(page.locator(".side")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    button = page.get_by_role("button", name="The controls")
    expect(button).to_have_attribute("aria-expanded", "true")


def test_datasets_are_grouped_by_family_and_the_help_lists_every_shortcut(
    page: Page, address: str
) -> None:
    open_view(page, address, TEXT)
    groups = page.locator(".header__dataset optgroup")
    labels = groups.evaluate_all("all => all.map(({ label }) => label)")
    assert labels[0] == "BERT" and "ViT" in labels and "LLaVA" in labels
    assert len(set(labels)) == len(labels)
    columns = tokens_of(page)
    n_sentences, n_points = len(columns["sequences"]["length"]), 2 * len(columns["text"])
    expect(page.locator(".header__dataset option[value=words]")).to_have_text(
        f"words · 12 heads · {n_sentences} sentences · {n_points} points"
    )
    expect(page.locator(".header__dataset option[value=growing]")).to_contain_text(
        re.compile(r"growing \(building, \d+ %\)")
    )
    chosen = page.locator(".header__dataset option[value=words]")
    expect(chosen).to_have_js_property("label", "words")
    page.locator(".header__dataset").focus()
    page.keyboard.press("Shift")  # any key may open the list, which has room for counts
    words = chosen.inner_text()
    expect(chosen).to_have_js_property("label", words)
    assert "points" in words
    page.keyboard.press("Tab")
    expect(chosen).to_have_js_property("label", "words")
    expect(page.locator(".about")).to_contain_text("300 tokens, 600 points in each head")
    page.get_by_role("button", name="About: this dataset").click()
    account = page.locator(".about .account")
    account.get_by_text("16 rows read, 11 taken (1 cut), 5 left out").click()
    expect(
        account.get_by_text("1 with more or fewer cells than the header (line 77)")
    ).to_be_visible()
    page.keyboard.press("Escape")
    expect(account).to_be_hidden()
    page.locator(".header__dataset").select_option("pictures")
    pictures = page.locator(".header__dataset option[value=pictures]")
    expect(pictures).to_have_js_property("label", "pictures")
    expect(page.locator(".about")).to_contain_text("300 points in each head")

    read_the_help(page)


def read_the_help(page: Page) -> None:
    page.locator(".bar__title").click()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Help")
    keys = dialog.locator("kbd").all_inner_texts()
    assert {"Ctrl+K", "/", "?", "g", "h", "1, 2, …", "d", "Ctrl+Z", "← ↑ ↓ →", "n"} <= set(keys)
    assert len(keys) == len(set(keys))
    for task in ("Select a point and its sentence", "Mark points", "Save a figure"):
        expect(dialog.get_by_role("rowheader", name=task)).to_be_visible()
    expect(dialog.locator(".start__card")).to_have_count(5)
    dialog.get_by_role("button", name="About AttentionViz").click()
    about = page.get_by_role("dialog", name="About AttentionViz")
    expect(about.get_by_role("link", name="arXiv 2305.03210")).to_be_visible()
    about.get_by_role("button", name="Close").click()
    expect(about).to_be_hidden()


def test_controls_have_names_help_texts_contrast_and_fit_narrow_windows(
    page: Page, address: str
) -> None:
    open_view(page, address, IMAGE)
    unfold(page, "Map options", "Filters", "Options")
    assert page.evaluate(NAMELESS) == []
    open_view(page, address, f"{HEAD}&selected=query-40&kind=query&search=(&search-mode=regex")
    for tab in ("Find", "Head", "View"):
        open_tab(page, tab)
        assert page.evaluate(NAMELESS) == [], tab
    themes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for palette, theme in product(("Safe", "Classic"), themes):
        page.get_by_label(palette).check()
        page.emulate_media(color_scheme=theme)
        n_texts, faint = page.evaluate(FAINT)
        assert n_texts > 40
        assert faint == [], (palette, theme)
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Help")).to_be_visible()
        assert page.evaluate(FAINT)[1] == [], (palette, theme)
        page.keyboard.press("Escape")

    for width in (360, 390, 799):
        page.set_viewport_size({"width": width, "height": 800})
        open_view(page, address, f"{HEAD}&selected=query-40")
        for part in (".side", ".panel"):
            expect(page.locator(part)).to_be_hidden()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for box in [part.bounding_box() for part in page.locator(".header > *:visible").all()]:
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
        page.get_by_role("button", name="The controls").click()
        open_tab(page, "Find")
        expect(page.get_by_role("searchbox")).to_be_visible()
        side = page.locator(".side").bounding_box()
        assert side is not None
        assert side["x"] + side["width"] <= width
        assert page.evaluate(FITS)
        page.get_by_role("button", name="The controls").click()  # which stay as they are left
        expect(page.locator(".side")).to_be_hidden()
