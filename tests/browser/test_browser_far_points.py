"""Maps that a few far points would squeeze: the others have room, and words say what is outside."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.page_driver import (
    LINES,
    NOT_BACKGROUND,
    fingerprint,
    open_view,
    query_of,
    wait_until,
)
from tests.support.fake_dataset import FakeSpec, write_fake_dataset

N_FAR = 3
# Drawn pixels of the map that lie in no cell of the grid.
BETWEEN = """() => {
  const canvas = document.querySelector('.map__canvas');
  const { data, width } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const corner = canvas.getBoundingClientRect();
  const { style } = document.querySelector('.grid__layer');
  const title = parseFloat(style.getPropertyValue('--title'));
  const cells = [...document.querySelectorAll('.cell')].map((cell) => {
    const box = cell.getBoundingClientRect();
    const half = (box.height - title) / 2 + 1;
    const [middle, bottom] = [box.left + box.width / 2, box.bottom + 1];
    return { x: middle - corner.left, y: bottom - half - corner.top, half };
  });
  let n = 0;
  for (let at = 0; at < data.length; at += 4) {
    if (data[at] === data[0] && data[at + 1] === data[1] && data[at + 2] === data[2]) continue;
    const [left, top] = [(at / 4) % width, Math.floor(at / 4 / width)];
    const isIn = ({ x, y, half }) => Math.abs(left - x) <= half && Math.abs(top - y) <= half;
    if (!cells.some(isIn)) n++;
  }
  return n;
}"""


@pytest.fixture(scope="module")
def far_address(serve: Callable[[Path], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the address of a dataset with three queries far from all others."""
    folder = tmp_path_factory.mktemp("far")
    spec = FakeSpec(
        "far", n_heads=3, n_tokens=200, maps=("biplot-2d", "pca-2d", "pca-3d"), n_far=N_FAR
    )
    write_fake_dataset(folder, spec)
    return serve(folder)


def test_a_head_counts_its_outliers_and_shows_all_points_on_request(
    page: Page, far_address: str, address: str
) -> None:
    open_view(page, far_address, "?method=pca&layer=0&head=1")
    chip = page.get_by_role("group", name="Off-screen outliers")
    expect(chip).to_contain_text(f"{N_FAR} off-screen outliers")
    wait_until(lambda: page.evaluate(LINES) > 20, "there are marks")
    near, ink = fingerprint(page), page.evaluate(NOT_BACKGROUND)
    chip.get_by_role("button", name="Show all").press("Enter")
    expect(chip).to_be_hidden()
    assert query_of(page)["fit"] == "all"
    assert fingerprint(page) != near
    assert page.evaluate(LINES) == 0
    assert page.evaluate(NOT_BACKGROUND) < ink  # squeezed, the points cover each other
    page.locator("summary", has_text="Map options").click()
    page.get_by_label("Fit all points").uncheck()
    expect(chip).to_be_visible()
    assert "fit" not in query_of(page)
    assert fingerprint(page) == near

    open_view(page, far_address, "?method=pca&dims=3&layer=0&head=1")
    expect(page.get_by_role("group", name="Off-screen outliers")).to_be_hidden()
    expect(page.get_by_label("Dot size")).to_be_visible()  # the options are open as they were
    expect(page.get_by_label("Fit all points")).to_be_hidden()

    open_view(page, address, "?dataset=words&method=pca&layer=0&head=1")
    expect(page.get_by_role("group", name="Off-screen outliers")).to_be_hidden()
    before = fingerprint(page)
    open_view(page, address, "?dataset=words&method=pca&layer=0&head=1&fit=all")
    assert fingerprint(page) == before


def test_the_grid_counts_heads_with_outliers_and_clips_cells(page: Page, far_address: str) -> None:
    open_view(page, far_address, "?method=biplot")
    chip = page.get_by_role("group", name="Off-screen outliers")
    expect(chip).to_contain_text("6 heads have off-screen outliers")
    wait_until(lambda: page.evaluate(LINES) > 20, "there are marks")
    assert page.evaluate(BETWEEN) == 0
    box = page.locator(".cell").nth(1).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.wheel(0, -200)  # marks of a shape are cut as those of a pixel are
    wait_until(
        lambda: page.locator(".cell").nth(1).bounding_box()["width"] > box["width"], "larger"
    )
    fingerprint(page)
    assert page.evaluate(BETWEEN) == 0
