"""An address leads back to the same picture: zoom, turn, marked points, and every other choice."""

import base64
import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from tests.browser.page_driver import (
    expect_map,
    fingerprint,
    next_frames,
    open_view,
    pass_time,
    press_tool,
    query_of,
    wait_until,
)
from tests.support.fake_dataset import FakeSpec, write_fake_dataset

HEAD = "?dataset=words&method=pca&layer=1&head=2"
SPACE = f"{HEAD}&dims=3"
PICTURE = "document.querySelector('.map__canvas').toDataURL('image/png')"


def pixels(page: Page) -> np.ndarray:
    """Return what is drawn on the map, once it is still: shape (height, width, 3)."""
    fingerprint(page)
    content = base64.b64decode(page.evaluate(PICTURE).split(",")[1])
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


def share_of_difference(one: np.ndarray, other: np.ndarray) -> float:
    """Return how much of what is drawn differs: 0 for the same, about 1 for another place."""
    assert one.shape == other.shape
    drawn = (one != one[0, 0]).any(axis=2) | (other != other[0, 0]).any(axis=2)
    differs = np.abs(one - other).max(axis=2) > 24
    return float((differs & drawn).sum() / drawn.sum())


def wheel(page: Page, x: float, y: float, n_steps: int = 4) -> None:
    """Zoom in at a share of the map."""
    box = page.locator(".map").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
    for _ in range(n_steps):
        page.mouse.wheel(0, -120)
        next_frames(page)


def drag(page: Page, dx: float, dy: float) -> None:
    """Drag the map from its middle."""
    box = page.locator(".map").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx / 2, y + dy / 2, steps=3)
    page.mouse.move(x + dx, y + dy, steps=3)
    page.mouse.up()


def settled(page: Page, part: str) -> str:
    """Let the map come to rest, which the address follows a moment later; return a part of it."""
    pass_time(page)
    return query_of(page)[part]


def test_zoom_is_restored_from_the_address_and_the_history(page: Page, address: str) -> None:
    page.clock.install()
    come_back_from_its_address(page, address, "?dataset=words&method=pca")
    come_back_from_its_address(page, address, f"{HEAD}&selected=key-40")

    open_view(page, address, HEAD)
    wheel(page, 0.5, 0.5, 3)
    zoom = settled(page, "zoom")
    before = pixels(page)
    page.keyboard.press("g")
    expect(page.locator(".bar__title")).to_have_text("All heads")
    assert "zoom" not in query_of(page)
    page.go_back()
    expect(page.locator(".bar__title")).to_have_text("Layer 1, head 2")
    assert query_of(page)["zoom"] == zoom
    assert share_of_difference(pixels(page), before) < 0.05

    open_view(page, address, f"{HEAD}&zoom=3&center=0.4_0.6")
    pass_time(page)
    page.set_viewport_size({"width": 1100, "height": 700})
    pass_time(page)
    assert query_of(page)["zoom"] == "3"
    assert query_of(page)["center"] == "0.4_0.6"


def come_back_from_its_address(page: Page, address: str, query: str) -> None:
    """Move a map of a view, open it again from its address, and go back to where it was."""
    open_view(page, address, query)
    pass_time(page)
    n_entries = page.evaluate("history.length")
    at_rest = pixels(page)
    wheel(page, 0.4, 0.6)
    drag(page, 60, -30)
    zoom = float(settled(page, "zoom"))
    assert 1.2 < zoom < 20, query
    assert re.fullmatch(r"-?\d\.\d{1,6}_-?\d\.\d{1,6}", query_of(page)["center"]), query
    before, said = pixels(page), page.url
    assert share_of_difference(before, at_rest) > 0.5, query
    assert page.evaluate("history.length") == n_entries, query
    page.reload()
    expect_map(page)
    pass_time(page)
    assert page.url == said
    assert share_of_difference(pixels(page), before) < 0.05, query
    press_tool(page, "Reset zoom")
    wait_until(lambda: "zoom" not in query_of(page), f"a map at rest needs no word: {query}")
    assert share_of_difference(pixels(page), at_rest) < 0.01, query


def test_rotation_is_restored_from_the_address(page: Page, address: str) -> None:
    page.clock.install()
    open_view(page, address, SPACE)
    at_rest = pixels(page)
    drag(page, 150, -60)
    yaw, pitch = (float(part) for part in settled(page, "turn").split("_"))
    assert yaw == pytest.approx(np.degrees(0.55 + 150 * 0.008), abs=2.5)
    assert pitch == pytest.approx(np.degrees(0.35 - 60 * 0.008), abs=2.5)
    before = pixels(page)
    assert share_of_difference(before, at_rest) > 0.5
    page.reload()
    expect_map(page)
    pass_time(page)
    assert share_of_difference(pixels(page), before) < 0.05
    page.keyboard.press("ArrowLeft")  # the next head is seen from the same side
    expect(page.locator(".bar__title")).to_have_text("Layer 1, head 1")
    pass_time(page)
    assert "turn" in query_of(page)
    page.keyboard.press("d")
    wait_until(lambda: "turn" not in query_of(page), "a flat map cannot be turned")


def test_a_copied_address_restores_the_view_with_theme_and_palette(
    page: Page, address: str, chromium_without_gpu: Browser
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.clock.install()
    open_view(page, address, f"{HEAD}&renderer=canvas2d&marked=query-3-90")
    page.emulate_media(color_scheme="dark")
    page.get_by_text("Map options").click()
    page.get_by_label("Classic").click()
    wheel(page, 0.5, 0.5, 3)
    settled(page, "zoom")
    before = pixels(page)
    assert "theme" not in query_of(page)
    press_tool(page, "Copy address")
    expect(page.locator(".notice")).to_contain_text("was copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(address)
    assert copied.endswith("&theme=dark&palette=classic")
    assert "renderer" not in copied
    reader = chromium_without_gpu.new_context(viewport={"width": 1440, "height": 900})
    other = reader.new_page()
    try:
        other.clock.install()
        open_view(other, copied)
        pass_time(other)
        assert share_of_difference(pixels(other), before) < 0.05
        stored = other.evaluate("JSON.stringify(localStorage)")
        assert "classic" not in stored  # the reader's own taste stays as it was
        other.reload()
        expect_map(other)
        pass_time(other)
        assert share_of_difference(pixels(other), before) < 0.05
    finally:
        reader.close()


@pytest.fixture(scope="module")
def scattered(serve: Callable[[Path], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the address of a dataset with more points than an address can name."""
    folder = tmp_path_factory.mktemp("scattered")
    write_fake_dataset(
        folder, FakeSpec("many", n_layers=1, n_heads=1, n_tokens=2500, maps=("pca-2d",))
    )
    return serve(folder)


def test_invalid_parameters_and_too_many_marked_points_give_notices(
    page: Page, address: str, scattered: str
) -> None:
    open_view(page, address, HEAD)
    plain = fingerprint(page)
    bad = "zoom=2&turn=500_0&marked=3&theme=pink"
    open_view(page, address, f"{HEAD}&{bad}")
    for part in ("zoom", "turn", "marked", "theme"):
        expect(page.locator(".notice", has_text=part)).to_have_count(1)
    assert fingerprint(page) == plain
    open_view(page, address, f"{HEAD}&marked=query-3-400")
    expect(page.locator(".notice")).to_contain_text("Marked token 400 is outside 0..299")
    expect(page.locator(".marked")).to_be_hidden()

    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_view(page, scattered, "?dataset=many&layer=0&head=0")
    box = page.locator(".map").bounding_box()
    assert box is not None
    page.keyboard.down("Shift")
    left, right = box["x"] + 20, box["x"] + box["width"] / 2
    page.mouse.move(left, box["y"] + 20)
    page.mouse.down()
    for x, y in ((right, 20), (right, box["height"] - 20), (left, box["height"] - 20), (left, 40)):
        page.mouse.move(x, box["y"] + y, steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")
    words = page.locator(".marked [role=status]").inner_text()
    expect(page.locator(".notice")).to_contain_text("the address leaves them out")
    assert "marked" not in query_of(page)
    assert len(page.url) < 1500
    press_tool(page, "Copy address")
    expect(page.locator(".notices")).to_contain_text("without the marked points")
    page.reload()
    expect(page.locator(".marked [role=status]")).to_have_text(words)
    page.go_back()
    expect(page.locator(".marked")).to_be_hidden()
    page.go_forward()
    expect(page.locator(".marked [role=status]")).to_have_text(words)
