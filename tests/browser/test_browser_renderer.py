"""Both renderers in a real browser, checked by pixels.

One page per renderer serves all checks: as in use, one renderer draws very different frames. A
test runs every check of its subject in both, and names those that fail.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import product
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from tests.support.renderer_page import draw, open_renderer_page, served_renderer_page

RENDERERS = ("canvas2d", "webgl2")
RED, BLUE, WHITE = [220, 30, 40], [20, 60, 200], [255, 255, 255]
INK = [23, 25, 31]
# What Chromium says of tests that read pixels.
READING_IS_SLOW = ("ReadPixels", "willReadFrequently")
LEFT, RIGHT = [16000, 32768], [50000, 32768]


@pytest.fixture(scope="module")
def renderer_address() -> Iterator[str]:
    """Return the address of the bare page."""
    with served_renderer_page() as address:
        yield address


@pytest.fixture(scope="module")
def pages(chromium: Browser, renderer_address: str) -> Iterator[dict[str, Page]]:
    """Return the bare page with each of the renderers chosen; none may complain."""
    complaints: list[str] = []
    with ExitStack() as opened:
        made: dict[str, Page] = {}
        for name in RENDERERS:
            page = chromium.new_page(viewport={"width": 400, "height": 300})
            opened.callback(page.close)
            page.on("console", lambda said: complaints.append(said.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            made[name] = open_renderer_page(page, renderer_address, f"force={name}")
        yield made
    assert [said for said in complaints if not any(w in said for w in READING_IS_SLOW)] == []


def require_all(pages: dict[str, Page], *checks: Callable[[Page], None]) -> None:
    """Run every check in every page, and fail with the names of those that failed."""
    failures = []
    for renderer, page in pages.items():
        for check in checks:
            try:
                check(page)
            except AssertionError as error:
                failures.append(f"{renderer}: {check.__name__}: {error}")
    assert not failures, "\n".join(failures)


def near(color: list[int], wanted: list[int], tolerance: int = 18) -> bool:
    """Whether two colours are alike; marks let 6 % of the background through."""
    return all(abs(one - other) <= tolerance for one, other in zip(color, wanted, strict=True))


def queries_are_discs_and_keys_are_diamonds_in_their_colours(bare: Page) -> None:
    around = [[0, 0], [7, 7], [0, 11.8]]  # middle; in the disc only; in the diamond only
    found = draw(
        bare,
        {"at": around, "aroundPoints": True},
        positions=LEFT + RIGHT,
        colors=[RED, BLUE],
        nQueries=1,
    )["colors"]
    assert near(found[0], RED)
    assert near(found[1], RED)
    assert near(found[2], WHITE, 40)
    assert near(found[3], BLUE)
    assert near(found[4], WHITE, 40)
    assert near(found[5], BLUE, 60)


def hidden_points_are_not_drawn_even_if_emphasised(bare: Page) -> None:
    shown = draw(bare, positions=LEFT, colors=[RED])
    hidden = draw(bare, positions=LEFT, colors=[RED], flags=[1], emphasis=[0])
    assert shown["drawn"]["count"] > 300
    assert hidden["drawn"]["count"] == 0


def dimmed_points_are_a_pale_grey(bare: Page) -> None:
    found = draw(
        bare, {"at": [[0, 0]], "aroundPoints": True}, positions=LEFT, colors=[RED], flags=[2]
    )["colors"]
    assert near(found[0], [round(255 - (255 - part) * 0.2) for part in INK], 8)


def a_hit_is_drawn_on_top_of_later_points(bare: Page) -> None:
    found = draw(
        bare,
        {"at": [[0, 0]], "aroundPoints": True},
        positions=LEFT + LEFT,
        colors=[RED, BLUE],
        flags=[4, 0],
    )["colors"]
    assert near(found[0], RED, 2)


def a_selected_point_is_ringed(bare: Page) -> None:
    radius = 21 * 1.35 / 2
    found = draw(
        bare,
        {"at": [[0, 0], [radius + 0.5, 0], [radius + 4, 0]], "aroundPoints": True},
        positions=LEFT,
        colors=[RED],
        flags=[8],
        ink=INK,
    )["colors"]
    assert near(found[0], RED, 2)
    assert sum(found[1]) < sum(RED)  # darker than the mark: ink
    assert near(found[2], WHITE, 2)


def an_emphasised_point_is_the_largest(bare: Page) -> None:
    sizes = [
        draw(bare, positions=LEFT, colors=[RED], flags=[flag], emphasis=emphasis)["drawn"]["count"]
        for flag, emphasis in ((0, []), (4, []), (8, []), (0, [0]))
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[1] < sizes[3]


def smaller_sizes_give_smaller_marks(bare: Page) -> None:
    full, half = (
        draw(bare, positions=LEFT, colors=[RED], sizes=[share])["drawn"]["count"]
        for share in (255, 128)
    )
    assert 0.15 * full < half < 0.4 * full


def test_points_are_drawn_by_kind_colour_flags_and_size(pages: dict[str, Page]) -> None:
    require_all(
        pages,
        queries_are_discs_and_keys_are_diamonds_in_their_colours,
        hidden_points_are_not_drawn_even_if_emphasised,
        dimmed_points_are_a_pale_grey,
        a_hit_is_drawn_on_top_of_later_points,
        a_selected_point_is_ringed,
        an_emphasised_point_is_the_largest,
        smaller_sizes_give_smaller_marks,
    )


VIEWS: dict[str, dict[str, Any]] = {
    "flat": {"positions": [12345, 54321]},
    "blend": {"positions": [12345, 54321], "from": [60000, 1000], "blend": 0.3},
    "zoom": {"positions": [40000, 30000], "transform": {"k": 3.7, "x": -301, "y": -220}},
    "orbit": {"positions": [5000, 60000, 50000], "dims": 3, "orbit": {"yaw": 0.7, "pitch": 0.4}},
    "ratio": {"positions": [40000, 30000], "ratio": 2},
}


def places_of_points_are_those_of_geometry(bare: Page) -> None:
    astray = {}
    for name, size in product(VIEWS, (1, 2, 4, 9)):
        found = draw(bare, colors=[BLUE], pointSize=size, **VIEWS[name])
        ratio = VIEWS[name].get("ratio", 1)
        wanted = [part * ratio for part in found["places"][0][:2]]
        drawn = found["drawn"]
        tolerance = 0.51 if size * ratio < 2.6 else 0.3  # whole pixels; quarters of pixels
        is_drawn = drawn["count"] > 0
        if not is_drawn or [drawn["x"], drawn["y"]] != pytest.approx(wanted, abs=tolerance):
            astray[name, size] = drawn, wanted
    assert astray == {}


def the_canvas_has_the_pixels_of_the_device(bare: Page) -> None:
    found = draw(bare, positions=LEFT, colors=[RED], ratio=1.5)
    assert (found["width"], found["height"]) == (600, 450)


def each_cell_draws_its_own_points_in_its_own_colours(bare: Page) -> None:
    found = draw(
        bare,
        {"at": [[0, 0]], "aroundPoints": True},
        cells=[[0, 0, 150], [200, 50, 100]],
        positions=LEFT + RIGHT,
        colors=[RED, BLUE],
    )
    assert near(found["colors"][0], RED)
    assert near(found["colors"][1], BLUE)


def a_cell_that_is_not_ready_is_empty(bare: Page) -> None:
    found = draw(
        bare,
        {"at": [[0, 0]], "aroundPoints": True},
        cells=[[0, 0, 150], [200, 50, 100]],
        positions=LEFT + RIGHT,
        colors=[RED, BLUE],
        ready=[0, 1],
    )
    assert near(found["colors"][0], WHITE, 0)
    assert near(found["colors"][1], BLUE)


def a_frame_without_cells_in_view_or_without_points_is_empty(bare: Page) -> None:
    away = {"k": 1, "x": -5000, "y": 0}
    assert draw(bare, positions=LEFT, colors=[RED], transform=away)["drawn"]["count"] == 0
    assert draw(bare, positions=[], colors=[])["drawn"]["count"] == 0


def points_that_cross_the_border_are_clipped(bare: Page) -> None:
    found = draw(
        bare,
        positions=LEFT,
        colors=[RED],
        transform={"k": 1, "x": -50, "y": 0},
        pointSize=40,
    )
    whole = draw(bare, positions=LEFT, colors=[RED], pointSize=40)
    assert 0 < found["drawn"]["count"] < whole["drawn"]["count"]


def a_tile_fills_its_cell_behind_the_points(bare: Page) -> None:
    tile = 0xFFF2F1F0  # packed, little endian
    places = {"at": [[1, 1], [199, 199], [201, 100]]}
    found = draw(bare, places, positions=LEFT, colors=[RED], tiles=[tile])["colors"]
    assert found == [[240, 241, 242], [240, 241, 242], WHITE]
    assert draw(bare, places, positions=LEFT, colors=[RED], tiles=[0])["colors"] == [WHITE] * 3
    with_tile = draw(bare, positions=LEFT, colors=[RED], pointSize=40, tiles=[tile])
    assert with_tile["drawn"]["count"] > 200 * 200 - 10  # the tile, and the point on it


def a_window_is_clipped_to_its_cell_in_a_grid(bare: Page) -> None:
    cells = [[0, 0, 100], [110, 0, 100]]
    windows = [0.5, 0.5, 0.25] * 2
    middle, far = [32768, 32768], [60000, 32768]  # far: on the other cell, were it drawn
    for size in (1, 11):
        plain = {"cells": cells, "pointSize": size}
        two = {"positions": (middle + far) * 2, "colors": [RED, RED], **plain}
        alone = draw(bare, positions=middle * 2, colors=[RED], windows=windows, **plain)["drawn"]
        both = draw(bare, windows=windows, **two)["drawn"]
        assert both["count"] == alone["count"] > 0, size
        assert draw(bare, **two)["drawn"]["count"] > 1.8 * alone["count"], size


def a_window_scales_both_axes_alike_and_is_not_clipped_in_a_head(
    bare: Page,
) -> None:
    positions = [28000, 32768, 36000, 32768, 32768, 40000, 65535, 32768]
    colors = [RED] * 4
    cells = [[0, 50, 200]]
    whole = draw(bare, positions=positions, colors=colors, cells=cells)["places"]
    window = [0.5, 0.5, 0.5]
    part = draw(bare, positions=positions, colors=colors, cells=cells, windows=window)["places"]
    for axis in (0, 1):
        for one in range(4):
            before = whole[one][axis] - whole[0][axis]
            assert part[one][axis] - part[0][axis] == pytest.approx(2 * before, abs=1e-6)
    # The far point lies outside of the square, and is seen there in colour.
    x, y = part[3][:2]
    assert x > 200
    at = {"at": [[x, y]]}
    seen = draw(bare, at, positions=positions, colors=colors, cells=cells, windows=window)
    assert near(seen["colors"][0], RED)


def test_points_are_drawn_where_geometry_projects_them(pages: dict[str, Page]) -> None:
    require_all(
        pages,
        places_of_points_are_those_of_geometry,
        the_canvas_has_the_pixels_of_the_device,
        each_cell_draws_its_own_points_in_its_own_colours,
        a_cell_that_is_not_ready_is_empty,
        a_frame_without_cells_in_view_or_without_points_is_empty,
        points_that_cross_the_border_are_clipped,
        a_tile_fills_its_cell_behind_the_points,
        a_window_is_clipped_to_its_cell_in_a_grid,
        a_window_scales_both_axes_alike_and_is_not_clipped_in_a_head,
    )


def patches_are_drawn_as_small_pictures_and_other_tokens_as_marks(bare: Page) -> None:
    green, black = [0, 200, 0], [0, 0, 0]
    picture = [*green, *black, *black, *green]
    found = draw(
        bare,
        {"at": [[-4, -4], [4, -4], [-4, 4], [4, 4], [9, 9]], "aroundPoints": True},
        positions=LEFT + RIGHT,
        colors=[RED, BLUE],
        pointSize=10,
        sprites={"rgb": picture + [9] * 12, "side": 2, "nTokens": 2},
        isSprite=[1, 0],
    )["colors"]
    assert found[:5] == [green, black, black, green, green]
    assert near(found[9], WHITE, 0)


def the_outline_of_a_patch_has_the_colour_of_its_point(bare: Page) -> None:
    found = draw(
        bare,
        {"at": [[-9.5, 0], [0, 0]], "aroundPoints": True},
        positions=LEFT,
        colors=[RED],
        pointSize=10,
        sprites={"rgb": [0, 200, 0], "side": 1, "nTokens": 1, "outline": 2},
    )["colors"]
    assert found == [RED, [0, 200, 0]]


def a_patch_can_lie_under_the_colour_of_its_point(bare: Page) -> None:
    found = draw(
        bare,
        {"at": [[-9.5, 0], [0, 0]], "aroundPoints": True},
        positions=LEFT,
        colors=[RED],
        pointSize=10,
        sprites={"rgb": [0, 200, 0], "side": 1, "nTokens": 1, "outline": 2, "fill": 0.5},
    )["colors"]
    assert found[0] == RED
    assert near(found[1], [RED[0] / 2, (RED[1] + 200) / 2, RED[2] / 2])


def test_patches_are_drawn_as_images_with_the_colour_of_their_points(
    pages: dict[str, Page],
) -> None:
    require_all(
        pages,
        patches_are_drawn_as_small_pictures_and_other_tokens_as_marks,
        the_outline_of_a_patch_has_the_colour_of_its_point,
        a_patch_can_lie_under_the_colour_of_its_point,
    )


def new_positions_and_new_colours_are_shown_when_their_version_changes(bare: Page) -> None:
    draw(bare, positions=LEFT, colors=[RED])
    moved = draw(
        bare,
        {"at": [[0, 0]], "aroundPoints": True},
        positions=RIGHT,
        colors=[BLUE],
        positionsVersion=2,
        styleVersion=2,
    )
    assert near(moved["colors"][0], BLUE)
    assert moved["drawn"]["x"] > 100


def a_redraw_requests_no_new_context(bare: Page) -> None:
    draw(bare, positions=LEFT, colors=[RED])
    bare.evaluate(
        """() => {
          const original = HTMLCanvasElement.prototype.getContext;
          window.asked = 0;
          HTMLCanvasElement.prototype.getContext = function (...options) {
            window.asked++;
            return original.apply(this, options);
          };
        }"""
    )
    draw(bare, positions=RIGHT, colors=[BLUE])
    draw(bare, positions=LEFT, colors=[RED], flags=[8])
    assert bare.evaluate("window.asked") == 0


def test_a_redraw_reuses_the_context(pages: dict[str, Page]) -> None:
    require_all(
        pages,
        new_positions_and_new_colours_are_shown_when_their_version_changes,
        a_redraw_requests_no_new_context,
    )
