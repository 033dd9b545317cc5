"""Mouse, keys and focus in a real browser."""

from playwright.sync_api import Page, expect
from tests.browser.page_driver import find_point, fingerprint, open_view, press_tool, wait_until


def test_arrow_keys_move_between_heads_with_the_focus_but_not_while_typing(
    page: Page, address: str
) -> None:
    open_view(page, address, "?dataset=words&layer=0&head=0")
    title = page.locator(".bar__title")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    expect(title).to_have_text("Layer 0, head 0")
    page.keyboard.press("ArrowDown")
    expect(title).to_have_text("Layer 1, head 0")
    page.keyboard.press("/")
    page.keyboard.type("g3d")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("searchbox")).to_have_value("g3d")
    expect(title).to_have_text("Layer 1, head 0")
    page.locator(".map").click(position={"x": 3, "y": 3})
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("g")
    expect(title).to_have_text("Layer 1, head 0")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.wait_for_function("() => !document.activeElement?.closest('dialog')")

    page.keyboard.press("g")
    expect(title).to_have_text("All heads")
    page.locator(".cell").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    focused = page.locator(".cell:focus")
    expect(focused).to_contain_text("L1 H1")
    expect(page.locator(".cell[tabindex='0']")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(title).to_have_text("Layer 1, head 1")
    expect(page.get_by_role("button", name="All heads")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(focused).to_contain_text("L1 H2")

    page.get_by_label("Layer", exact=True).fill("2")
    page.get_by_label("Head", exact=True).fill("4")
    page.get_by_role("button", name="Go", exact=True).click()
    expect(page.locator(".notice__text")).to_have_text("Head 4 is outside 0..3.")
    page.get_by_label("Head", exact=True).fill("3")
    page.keyboard.press("Enter")
    expect(title).to_have_text("Layer 2, head 3")


def test_reset_zoom_restores_the_view_and_a_click_selects_the_hovered_point(
    page: Page, address: str
) -> None:
    open_view(page, address, "?dataset=words&method=pca")
    cell = page.locator(".cell").nth(5)
    before, picture = cell.bounding_box(), fingerprint(page)
    assert before is not None
    page.mouse.move(before["x"] + 20, before["y"] + 40)
    page.mouse.wheel(0, -400)
    wait_until(lambda: cell.bounding_box()["width"] > 1.2 * before["width"], "the head is larger")
    press_tool(page, "Reset zoom")
    wait_until(lambda: cell.bounding_box() == before, "the head is where it was")
    wait_until(lambda: fingerprint(page) == picture, "the picture is as it was")

    open_view(page, address, "?dataset=words&dims=3&layer=1&head=2")
    at_rest = fingerprint(page)
    hint = page.get_by_text("arrow keys to turn")
    expect(hint).to_be_visible()
    x, y = find_point(page)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 20, steps=4)
    page.mouse.up()
    assert fingerprint(page) != at_rest
    expect(hint).to_be_hidden()
    expect(page.locator(".panel")).to_be_hidden()
    press_tool(page, "Reset zoom")
    page.mouse.move(2, 2)
    wait_until(lambda: fingerprint(page) == at_rest, "the map is seen as at first")
    page.keyboard.press("Shift+ArrowLeft")
    wait_until(lambda: fingerprint(page) != at_rest, "the map is turned by a key")
    assert "layer=1&head=2" in page.url
    page.keyboard.press("Shift+ArrowRight")
    wait_until(lambda: fingerprint(page) == at_rest, "and back")

    open_view(page, address, "?dataset=words&method=pca&layer=1&head=2")
    x, y = find_point(page)
    # Go away from the point as far as it is still found, where its own size decides.
    over = page.locator(".map.is-over-point")
    while over.count():
        x += 1
        page.mouse.move(x, y)
    x -= 1
    page.mouse.move(x, y)
    expect(over).to_have_count(1)
    # A busy machine, for which the next picture is far away.
    page.evaluate("window.requestAnimationFrame = () => 0")
    page.keyboard.press("l")
    page.mouse.click(x, y)
    expect(page.locator(".panel")).to_be_visible()
