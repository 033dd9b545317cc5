"""Where there is little room nothing is cut off that says where one is."""

from playwright.sync_api import Locator, Page, expect
from tests.browser.page_driver import open_view, query_of

HEAD = "?dataset=words&method=pca&layer=1&head=2&selected=query-40"
# A canvas between pixels of the screen is blurred.
IS_ON_PIXELS = """canvas => {
  const { left, top, width, height } = canvas.getBoundingClientRect();
  const isWhole = [left, top].every((place) => place % 1 === 0);
  return isWhole && width === canvas.width && height === canvas.height;
}"""
# A title that nothing cuts, and buttons of one line whose words are whole.
IS_WHOLE = """(title) => {
  const [own, around] = [title, title.closest('.bar')].map((e) => e.getBoundingClientRect());
  return own.width > 0 && title.scrollWidth <= title.clientWidth + 1 &&
    own.left >= around.left && own.right <= around.right + 1;
}"""
CUT_WORDS = """(bar) => [...bar.querySelectorAll('.tool-row > .button:not(.button--icon)')]
  .filter((button) => button.checkVisibility())
  .filter((button) => button.scrollWidth > button.clientWidth ||
    button.querySelector('span').clientWidth < 8)
  .map((button) => button.textContent)"""


def right_of(one: Locator) -> float:
    box = one.bounding_box()
    assert box is not None
    return box["x"] + box["width"]


def test_titles_buttons_and_sentences_are_not_cut_off_in_narrow_windows(
    page: Page, address: str
) -> None:
    for width in (1920, 1280, 1024, 820, 390):
        page.set_viewport_size({"width": width, "height": 768})
        open_view(page, address, HEAD)
        title = page.locator(".bar__title")
        expect(title).to_have_text("Layer 1, head 2")
        assert title.evaluate(IS_WHOLE)
        end = right_of(page.locator(".bar"))
        assert right_of(page.locator(".bar__title")) <= end
        assert right_of(page.locator(".bar__detail")) <= end
        assert page.locator(".bar__detail").evaluate(IS_WHOLE)
        assert page.locator(".map__canvas").evaluate(IS_ON_PIXELS)
        for button in page.locator(".bar .button:visible").all():
            assert right_of(button) <= end
        assert page.locator(".bar").evaluate(CUT_WORDS) == []
    more = page.get_by_role("button", name="More")
    more.press("Enter")
    for tool in ("Compare", "Lasso", "Save figure"):
        expect(page.locator(".bar").get_by_role("button", name=tool)).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Compare")).to_be_hidden()
    expect(more).to_be_focused()
    assert "selected" in query_of(page), "Escape closed the menu alone"

    second = "&compare.dataset=words&compare.method=pca&compare.layer=2&compare.head=3"
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        open_view(page, address, f"{HEAD}{second}")
        expect(page.locator(".bar__title")).to_have_text(["Layer 1, head 2", "Layer 2, head 3"])
        for title in page.locator(".bar__title").all():
            assert title.evaluate(IS_WHOLE), width

    page.set_viewport_size({"width": 390, "height": 844})
    open_view(page, address, "?dataset=words&method=pca")
    page.keyboard.press("t")
    text = page.locator(".sequences__row .sequences__text").first
    expect(text).to_be_visible()
    box = text.bounding_box()
    assert box is not None
    assert box["width"] > 150
