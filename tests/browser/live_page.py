"""What tests do with sentences and images of one's own: type them, drop them, read them back."""

from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Locator, Page, expect
from tests.browser.page_driver import open_tab, open_view, query_of

SENTENCE = "In april the river rose again."
OTHER = "She read the letter twice."
REFUSED = "Failed to load resource"
CELLS = """() => {
  const canvas = document.querySelector('.map__canvas');
  const pen = canvas.getContext('2d');
  const box = canvas.getBoundingClientRect();
  const ratio = canvas.width / box.width;
  return [...document.querySelectorAll('.map .cell')].map((cell) => {
    const { left, top, width, height } = cell.getBoundingClientRect();
    const place = [left - box.left, top - box.top, width, height].map((x) => Math.round(x * ratio));
    return pen.getImageData(...place).data.reduce((sum, value) => (sum * 31 + value) | 0, 0);
  });
}"""
DROP = """({ kind, bytes, type, name }) => {
  const held = new DataTransfer();
  held.items.add(new File([Uint8Array.from(bytes)], name, { type }));
  const options = { bubbles: true, cancelable: true };
  const map = document.querySelector('.map');
  if (kind === 'paste') {
    document.body.dispatchEvent(new ClipboardEvent('paste', { ...options, clipboardData: held }));
    return null;
  }
  map.dispatchEvent(new DragEvent('dragover', { ...options, dataTransfer: held }));
  const words = document.querySelector('.drop').innerText;
  map.dispatchEvent(new DragEvent('drop', { ...options, dataTransfer: held }));
  return words;
}"""


class Live(NamedTuple):
    """A server with models, and a picture of the corpus it has images of."""

    address: str
    picture: Path


def open_text(page: Page, live: Live, query: str = "&method=pca") -> Page:
    return open_view(page, live.address, f"?dataset=tiny-text{query}")


def add(page: Page, text: str) -> Locator:
    """Type a text, wait until it is placed, and return its row."""
    open_tab(page, "Find")
    n = page.locator(".user-sequences__item").count()
    page.locator(".user-sequences__field").fill(text)
    page.locator(".user-sequences__field").press("Enter")
    row = page.locator(".user-sequences__item").nth(n)
    expect(row.locator(".user-sequences__note")).to_contain_text("placed")
    return row


def weights_of(page: Page, position: int) -> list[str]:
    """Return the weights from one query of the shown sentence, as the panel writes them."""
    rows = page.locator(".sentence__main .sentence__column--query .sentence__button")
    rows.nth(position).hover()
    keys = page.locator(".sentence__main .sentence__column--key .sentence__weight")
    expect(keys.first).to_be_visible()
    return keys.all_inner_texts()


def n_tokens(page: Page) -> int:
    """Return the tokens of the corpus that is shown."""
    dataset = query_of(page)["dataset"]
    answer = page.evaluate(f"fetch('api/v1/datasets/{dataset}').then((a) => a.json())")
    return int(answer["manifest"]["n_tokens"])
