"""Eighty hostile texts through every view, every file that is saved, and a site.

The fixture `page` fails on dialogs, questions to other hosts and complaints of the policy;
`require_harmless` on what ran or became an element.
"""

import codecs
import csv
import io
import json
import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.figure_reader import save, save_svg, sheet
from tests.browser.page_driver import fetch_json, open_tab, open_view
from tests.support.figures import Bar
from tests.support.hostile_dataset import write_hostile_datasets
from tests.support.hostile_strings import STRINGS

from attentionviz.commands.export import export_site
from attentionviz.settings.settings import Settings

HEAD = "?dataset=hostile&method=pca&layer=1&head=2"
SELECTED = f"{HEAD}&selected=key-{{token}}"
IMAGE = "?dataset=hostile-pictures&method=pca&layer=1&head=2&selected=query-60"
# What no text may do: run, become an element that runs or asks, or give one an address.
TRACES = """() => {
  const found = [];
  if ('pwned' in globalThis) found.push('something ran');
  const bad = 'script:not([src]), script[src^="//"], iframe, object, embed, '
    + 'base, math, video, details[ontoggle], meta[http-equiv=refresh], link[href*=evil], '
    + 'mglyph, style';
  for (const one of document.querySelectorAll(bad)) found.push(one.outerHTML.slice(0, 200));
  for (const one of document.querySelectorAll('*')) {
    for (const { name, value } of one.attributes) {
      if (name.startsWith('on')) found.push(`${one.tagName} ${name}`);
      const isAddress = ['href', 'src', 'action', 'data', 'srcdoc'].includes(name);
      if (!isAddress) continue;
      const { protocol, host } = new URL(value, document.baseURI);
      const isBad = protocol === 'javascript:' || host === 'evil.example' || value === 'x';
      if (isBad) found.push(`${name}=${value}`);
    }
  }
  // Nor may a browser's translator rewrite it; notes and notices are sentences of ours.
  const isCorpus = (text) => /pwned|evil[.]example/.test(text);
  for (const one of document.querySelectorAll('body *:not(.field__note, .notice__text)')) {
    if (!one.translate) continue;
    const parts = [...one.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
    for (const name of ['title', 'aria-label', 'alt', 'label', 'placeholder']) {
      parts.push({ data: one.getAttribute(name) ?? '' });
    }
    const text = parts.map(({ data }) => data).find(isCorpus);
    if (text) found.push(`${one.tagName} ${one.className} to translate: ${text.slice(0, 200)}`);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder of two hostile datasets."""
    folder = tmp_path_factory.mktemp("hostile")
    write_hostile_datasets(folder)
    return folder


@pytest.fixture(scope="module")
def hostile_address(hostile: Path, serve) -> str:
    """Return the address of a server over them."""
    return serve(hostile)


def require_harmless(page: Page, where: str = "") -> None:
    assert page.evaluate(TRACES) == [], where


def close_dialog(page: Page) -> None:
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    # A field of a closed dialog has the keys until the next rendering.
    page.wait_for_function("() => !document.activeElement?.closest('dialog')")


@pytest.mark.bar
def test_every_string_is_shown_as_text_in_the_sentence_and_found_by_search(
    page: Page, hostile_address: str, bar: Bar
) -> None:
    open_view(page, hostile_address, HEAD)
    tokens = fetch_json(page, "api/v1/datasets/hostile/tokens")
    assert set(tokens["text"]) == set(STRINGS)
    shown = 0
    open_tab(page, "Find")
    for text in STRINGS:
        page.get_by_role("searchbox").fill(text.strip()[:200])
        require_harmless(page)
        shown += 1
    page.get_by_role("searchbox").fill("")
    starts = tokens["sequences"]["start"]
    seen: set[str] = set()
    for start, n in zip(starts, tokens["sequences"]["length"], strict=True):
        if set(tokens["text"][start : start + n]) <= seen:
            continue
        open_view(page, hostile_address, SELECTED.format(token=start + 1))
        expect(page.locator(".panel .sentence__row, .panel .token").first).to_be_visible()
        require_harmless(page)
        seen |= set(tokens["text"][start : start + n])
    assert seen == set(STRINGS)
    bar("hostile text", "strings of which none ran in search and sentence", shown, exactly=80)


VIEWS = {
    "all heads": "?dataset=hostile",
    "all heads of pictures": "?dataset=hostile-pictures",
    "head": HEAD,
    "in space": "?dataset=hostile&method=biplot&layer=0&head=1",
    "image": IMAGE,
    "two panes": f"{SELECTED.format(token=5)}&compare.dataset=hostile-pictures"
    "&compare.layer=0&compare.head=1",
    "pairs": f"{SELECTED.format(token=3)}&pairs=strong-3-9.weak-4-20",
    "marked": f"{HEAD}&marked=query-0-40.key-3",
    "colour by column": f"{HEAD}&color=column:__proto__",
    "below": f"{SELECTED.format(token=9)}&below=squares",
}


def test_hostile_text_does_not_run_in_any_view(page: Page, hostile_address: str) -> None:
    open_view(page, hostile_address, HEAD)
    require_traces_to_be_found(page)
    for name, query in VIEWS.items():
        open_view(page, hostile_address, query)
        look_around(page, name)


def require_traces_to_be_found(page: Page) -> None:
    """Let the check find something, or what it finds nowhere says nothing."""
    require_harmless(page)
    page.evaluate("document.body.append(document.createElement('iframe'))")
    page.evaluate("globalThis.pwned = 1")
    page.evaluate("document.body.append(Object.assign(new Image(), { alt: 'pwned' }))")
    assert len(page.evaluate(TRACES)) == 3


def look_around(page: Page, view: str) -> None:
    """Choose every colour, and point at places all over the map."""
    open_tab(page, "View")
    for colour in page.get_by_role("combobox", name="Colour").locator("option").all():
        page.get_by_role("combobox", name="Colour").select_option(colour.get_attribute("value"))
        require_harmless(page, view)
    box = page.locator(".map").first.bounding_box()
    assert box is not None
    for x in (0.3, 0.5, 0.7):
        for y in (0.3, 0.5, 0.7):  # tooltips
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
            page.evaluate("() => new Promise(requestAnimationFrame)")
    require_harmless(page, view)


def test_hostile_text_does_not_run_in_any_table_dialog_or_address(
    page: Page, hostile_address: str
) -> None:
    open_view(page, hostile_address, SELECTED.format(token=5))
    dialog = page.get_by_role("dialog").first
    for below in ("squares", "lines", "offset"):
        page.locator(".aggregate").get_by_label(below).check()
        require_harmless(page)
        if below == "squares":
            page.locator(".pattern-matrix__frame").first.hover()
            expect(page.locator(".pattern-matrix__status bdi").first).not_to_be_empty()
            require_harmless(page)
    for key in ("a", "h", "?", "t"):
        page.keyboard.press(key)
        expect(dialog).to_be_visible()
        require_harmless(page)
        if key != "t":
            close_dialog(page)
    expect(dialog.locator(".sequences__row").first).to_be_visible()
    heads = dialog.locator("thead th").all_inner_texts()
    assert any("<img src=x" in name for name in heads)
    require_harmless(page)
    close_dialog(page)
    page.keyboard.press("m")
    expect(page.locator(".map-of-heads__dots")).to_be_visible()
    require_harmless(page)
    for summary in page.locator("summary").all():
        if summary.is_visible():
            summary.click()
    require_harmless(page)

    names = ("color", "search", "selected", "zoom", "x", "marked", "tint", "compare.dataset")
    for i in range(0, len(STRINGS), len(names)):
        pairs = [list(pair) for pair in zip(names, STRINGS[i : i + len(names)], strict=True)]
        query = page.evaluate("pairs => String(new URLSearchParams(pairs))", pairs)
        page.goto(f"{hostile_address}{HEAD}&{query}")
        expect(page.locator(".notice").first).to_be_visible()
        require_harmless(page, query)


def cells_of(content: bytes) -> list[str]:
    assert content.startswith(codecs.BOM_UTF8)  # or a spreadsheet takes it for another encoding
    rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    return [cell for row in rows for cell in row]


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def require_no_formula(content: bytes) -> None:
    """Fail where a spreadsheet would compute a cell instead of showing it."""
    cells = cells_of(content)
    assert cells
    assert not [c for c in cells if c[:1] in tuple("=+-@\t\r\n") and c and not is_number(c)]


def saved(page: Page, button: Locator) -> bytes:
    with page.expect_download() as started:
        button.click()
    return Path(started.value.path()).read_bytes()


def test_saved_figures_contain_no_script_and_tables_no_formula(
    page: Page, hostile_address: str
) -> None:
    open_view(page, hostile_address, SELECTED.format(token=5))
    for what in ("Map", "Sentence"):
        assert save_svg(page, what).words()  # which fails on anything but shapes and words
        _, content = save(page, "PNG", what)
        assert content.startswith(b"\x89PNG")
    open_view(page, hostile_address, IMAGE)
    assert save_svg(page, "Image").words()
    require_harmless(page)

    open_view(page, hostile_address, f"{HEAD}&marked=query-0-159.key-0-159")
    for kind in ("CSV", "JSON"):
        buttons = sheet(page).get_by_role("button", name=re.compile(f", {kind}$"))
        expect(buttons).to_have_count(2)
        for i in range(2):
            sheet(page)
            content = saved(page, buttons.nth(i))
            require_no_formula(content) if kind == "CSV" else json.loads(content)
    marked = saved(page, page.get_by_title("Download the marked points as a table"))
    require_no_formula(marked)
    assert "'=cmd|' /C calc'!A0" in cells_of(marked)
    assert json.loads(saved(page, page.get_by_title("Download the marked points as JSON")))[
        "points"
    ]
    page.keyboard.press("t")
    expect(page.locator(".sequences__row").first).to_be_visible()
    require_no_formula(saved(page, page.get_by_title("Download these rows as a table")))


@pytest.fixture(scope="module")
def site(hostile: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of an exported site of the hostile datasets."""
    folder = tmp_path_factory.mktemp("host") / "site"
    export_site(Settings(data_dir=hostile), ["hostile", "hostile-pictures"], folder)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Keep the terminal of the tests quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_hostile_text_does_not_run_on_an_exported_site(page: Page, site: str) -> None:
    for query in ("?dataset=hostile", SELECTED.format(token=5), IMAGE):
        open_view(page, site, query)
        require_harmless(page, query)
        page.keyboard.press("t")
        expect(page.locator(".sequences__row").first).to_be_visible()
        require_harmless(page, query)
