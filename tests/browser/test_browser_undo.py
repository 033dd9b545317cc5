"""Undo and redo of what is marked, filtered and coloured, beside the browser's Back."""

from playwright.sync_api import Locator, Page, expect
from tests.browser.page_driver import (
    open_tab,
    open_view,
    query_of,
    select_point,
    selected,
    wait_until,
)

HEAD = "?dataset=words&method=pca&layer=1&head=2"


def undo_button(page: Page) -> Locator:
    return page.locator(".bar__steps button").first


def redo_button(page: Page) -> Locator:
    return page.locator(".bar__steps button").last


def test_choices_are_undone_and_redone_and_fields_keep_their_own_undo(
    page: Page, address: str
) -> None:
    open_view(page, address, HEAD)
    expect(undo_button(page)).to_have_attribute("aria-disabled", "true")
    point = select_point(page, "key")
    page.get_by_role("combobox", name="Colour").select_option("position")
    page.get_by_label("Attention lines").uncheck()
    expect(undo_button(page)).to_have_accessible_name("Undo: hiding attention lines")
    page.keyboard.press("Control+z")
    expect(page.get_by_label("Attention lines")).to_be_checked()
    undo_button(page).click()
    expect(page.get_by_role("combobox", name="Colour", include_hidden=True)).to_have_value("type")
    expect(page.locator(".bar__steps [role=status]")).to_have_text("Undone: colour")
    page.keyboard.press("Control+z")
    expect(page.locator(".panel")).to_be_hidden()
    assert "selected" not in query_of(page)
    expect(undo_button(page)).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Control+z")  # nothing is left; nothing happens
    expect(redo_button(page)).to_have_accessible_name("Redo: selecting a point")
    page.keyboard.press("Control+Shift+Z")
    expect(page.locator(".panel")).to_be_visible()
    assert selected(page) == point
    page.keyboard.press("Control+y")
    redo_button(page).click()
    expect(page.get_by_role("combobox", name="Colour", include_hidden=True)).to_have_value(
        "position"
    )
    expect(page.get_by_label("Attention lines")).not_to_be_checked()
    expect(redo_button(page)).to_have_attribute("aria-disabled", "true")

    field_keeps_its_own_undo(page)


def field_keeps_its_own_undo(page: Page) -> None:
    """Type, take letters back in the field, and then the search and a colour of the page."""
    page.get_by_role("combobox", name="Colour").select_option("norm")
    open_tab(page, "Find")
    box = page.get_by_role("searchbox")
    box.click()
    box.press_sequentially("rain", delay=20)
    page.keyboard.press("Control+z")
    wait_until(lambda: box.input_value() != "rain", "the field takes its letters back")
    expect(page.get_by_role("combobox", name="Colour", include_hidden=True)).to_have_value("norm")
    page.locator(".bar__title").click()
    box.evaluate("box => box.blur()")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    expect(page.get_by_role("combobox", name="Colour", include_hidden=True)).to_have_value(
        "position"
    )


def test_selection_and_marked_points_are_undone_without_leaving_the_head(
    page: Page, address: str
) -> None:
    open_view(page, address, HEAD)
    select_point(page)
    page.keyboard.press("ArrowRight")
    expect(page.locator(".bar__title")).to_have_text("Layer 1, head 3")
    page.keyboard.press("Control+z")
    expect(page.locator(".panel")).to_be_hidden()
    expect(page.locator(".bar__title")).to_have_text("Layer 1, head 3")
    page.go_back()  # the step itself is one of the history
    expect(page.locator(".panel")).to_be_visible()
    expect(page.locator(".bar__title")).to_have_text("Layer 1, head 3")
    page.go_back()
    expect(page.locator(".bar__title")).to_have_text("Layer 1, head 2")
    page.go_back()
    expect(page.locator(".panel")).to_be_hidden()
    page.keyboard.press("Control+z")  # going back took the selection away; that is taken back
    expect(page.locator(".panel")).to_be_visible()

    page.keyboard.press("Escape")
    expect(page.locator(".panel")).to_be_hidden()
    mark_and_take_back(page)


def mark_and_take_back(page: Page) -> None:
    """Mark points with the lasso; take them back and up again by undo, then by the history."""
    box = page.locator(".map").bounding_box()
    assert box is not None
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + 300, box["y"] + 100)
    page.mouse.down()
    for x, y in ((800, 100), (800, 600), (300, 600), (300, 120)):
        page.mouse.move(box["x"] + x, box["y"] + y, steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")
    expect(page.locator(".marked")).to_be_visible()
    words = page.locator(".marked [role=status]").inner_text()
    expect(undo_button(page)).to_have_accessible_name("Undo: marking points")
    steps = (
        lambda: page.keyboard.press("Control+z"),
        lambda: page.keyboard.press("Control+Shift+Z"),
        page.go_back,
        page.go_forward,
    )
    for i, step in enumerate(steps):
        step()
        if i % 2 == 0:
            expect(page.locator(".marked")).to_be_hidden()
        else:
            expect(page.locator(".marked [role=status]")).to_have_text(words)
            page.reload()
            expect(page.locator(".marked [role=status]")).to_have_text(words)
