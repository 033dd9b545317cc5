"""Where there is little room nothing is cut off that says where one is."""

from playwright.sync_api import Locator, Page, expect
from tests.browser.page_driver import open_view

HEAD = "?dataset=words&method=pca&layer=1&head=2&selected=query-40"
IS_WHOLE = "e => e.scrollWidth <= e.clientWidth + 1 && e.clientWidth > 0"


def right_of(one: Locator) -> float:
    box = one.bounding_box()
    assert box is not None
    return box["x"] + box["width"]


def test_the_line_above_heads_keeps_names_and_buttons_and_a_table_its_sentences(
    page: Page, address: str
) -> None:
    for width in (1024, 820, 390):
        page.set_viewport_size({"width": width, "height": 768})
        open_view(page, address, HEAD)
        title = page.locator(".bar__title")
        expect(title).to_have_text("Layer 1, head 2")
        assert title.evaluate(IS_WHOLE)
        end = right_of(page.locator(".bar"))
        assert right_of(page.locator(".bar__title")) <= end
        for button in page.locator(".bar .button:visible").all():
            assert right_of(button) <= end

    page.set_viewport_size({"width": 390, "height": 844})
    second = "&compare.dataset=words&compare.method=pca&compare.layer=2&compare.head=3"
    open_view(page, address, f"{HEAD}{second}")
    expect(page.locator(".bar__title")).to_have_text(["Layer 1, head 2", "Layer 2, head 3"])
    for title in page.locator(".bar__title").all():
        assert title.evaluate(IS_WHOLE)

    page.set_viewport_size({"width": 390, "height": 844})
    open_view(page, address, "?dataset=words&method=pca")
    page.keyboard.press("t")
    text = page.locator(".sequences__row .sequences__text").first
    expect(text).to_be_visible()
    box = text.bounding_box()
    assert box is not None
    assert box["width"] > 150
