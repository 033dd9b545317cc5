"""Both renderers in a real browser, checked by pixels.

One page per renderer serves all tests: as in use, one renderer draws very different frames.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from tests.support.renderer_page import open_renderer_page, served_renderer_page

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


@pytest.fixture(scope="module", params=RENDERERS)
def bare(
    request: pytest.FixtureRequest, chromium: Browser, renderer_address: str
) -> Iterator[Page]:
    """Return the bare page with one renderer chosen; it must not complain."""
    page = chromium.new_page(viewport={"width": 400, "height": 300})
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield open_renderer_page(page, renderer_address, f"force={request.param}")
    page.close()
    assert [said for said in complaints if not any(w in said for w in READING_IS_SLOW)] == []


def draw(page: Page, options: dict[str, Any] | None = None, **plain: Any) -> dict[str, Any]:
    """Draw a frame given by plain lists."""
    return page.evaluate("([plain, options]) => drawPlain(plain, options)", [plain, options or {}])


def near(color: list[int], wanted: list[int], tolerance: int = 18) -> bool:
    """Whether two colours are alike; marks let 6 % of the background through."""
    return all(abs(one - other) <= tolerance for one, other in zip(color, wanted, strict=True))


def test_queries_are_discs_and_keys_are_diamonds_in_their_colours(bare: Page) -> None:
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


def test_hidden_points_are_not_drawn_even_if_emphasised(bare: Page) -> None:
    shown = draw(bare, positions=LEFT, colors=[RED])
    hidden = draw(bare, positions=LEFT, colors=[RED], flags=[1], emphasis=[0])
    assert shown["drawn"]["count"] > 300
    assert hidden["drawn"]["count"] == 0


def test_dimmed_points_are_pale(bare: Page) -> None:
    found = draw(
        bare, {"at": [[0, 0]], "aroundPoints": True}, positions=LEFT, colors=[RED], flags=[2]
    )["colors"]
    pale = [round(part + (255 - part) * 0.8) for part in RED]
    assert near(found[0], pale, 8)


def test_a_hit_lies_on_top_of_what_would_be_drawn_after_it(bare: Page) -> None:
    found = draw(
        bare,
        {"at": [[0, 0]], "aroundPoints": True},
        positions=LEFT + LEFT,
        colors=[RED, BLUE],
        flags=[4, 0],
    )["colors"]
    assert near(found[0], RED, 2)


def test_a_selected_point_is_ringed(bare: Page) -> None:
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


def test_an_emphasised_point_is_the_largest(bare: Page) -> None:
    sizes = [
        draw(bare, positions=LEFT, colors=[RED], flags=[flag], emphasis=emphasis)["drawn"]["count"]
        for flag, emphasis in ((0, []), (4, []), (8, []), (0, [0]))
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[1] < sizes[3]


@pytest.mark.parametrize(
    "view",
    [
        {"positions": [12345, 54321]},
        {"positions": [12345, 54321], "from": [60000, 1000], "blend": 0.3},
        {"positions": [40000, 30000], "transform": {"k": 3.7, "x": -301, "y": -220}},
        {"positions": [5000, 60000, 50000], "dims": 3, "orbit": {"yaw": 0.7, "pitch": 0.4}},
        {"positions": [40000, 30000], "ratio": 2},
    ],
    ids=["flat", "blend", "zoom", "orbit", "ratio"],
)
def test_points_are_drawn_where_geometry_says(bare: Page, view: dict[str, Any]) -> None:
    for size in (1, 2, 4, 9):
        found = draw(bare, colors=[BLUE], pointSize=size, **view)
        ratio = view.get("ratio", 1)
        x, y = (part * ratio for part in found["places"][0][:2])
        assert found["drawn"]["count"] > 0
        tolerance = 0.51 if size * ratio < 2.6 else 0.3  # whole pixels; quarters of pixels
        assert abs(found["drawn"]["x"] - x) <= tolerance, size
        assert abs(found["drawn"]["y"] - y) <= tolerance, size


def test_the_canvas_has_the_pixels_of_the_device(bare: Page) -> None:
    found = draw(bare, positions=LEFT, colors=[RED], ratio=1.5)
    assert (found["width"], found["height"]) == (600, 450)


def test_each_cell_draws_its_own_points_in_its_own_colours(bare: Page) -> None:
    found = draw(
        bare,
        {"at": [[0, 0]], "aroundPoints": True},
        cells=[[0, 0, 150], [200, 50, 100]],
        positions=LEFT + RIGHT,
        colors=[RED, BLUE],
    )
    assert near(found["colors"][0], RED)
    assert near(found["colors"][1], BLUE)


def test_a_head_that_is_not_there_yet_stays_empty(bare: Page) -> None:
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


def test_a_frame_without_cells_in_view_or_without_points_is_empty(bare: Page) -> None:
    away = {"k": 1, "x": -5000, "y": 0}
    assert draw(bare, positions=LEFT, colors=[RED], transform=away)["drawn"]["count"] == 0
    assert draw(bare, positions=[], colors=[])["drawn"]["count"] == 0


def test_marks_that_cross_the_border_are_cut_off_there(bare: Page) -> None:
    found = draw(
        bare,
        positions=LEFT,
        colors=[RED],
        transform={"k": 1, "x": -50, "y": 0},
        pointSize=40,
    )
    whole = draw(bare, positions=LEFT, colors=[RED], pointSize=40)
    assert 0 < found["drawn"]["count"] < whole["drawn"]["count"]


def test_tiles_fill_their_cells(bare: Page) -> None:
    found = draw(
        bare,
        {"at": [[1, 1], [199, 199], [201, 100]]},
        positions=LEFT,
        colors=[RED],
        tile=[240, 241, 242],
    )["colors"]
    assert found == [[240, 241, 242], [240, 241, 242], WHITE]


def test_patches_are_drawn_as_small_pictures_and_other_tokens_as_marks(bare: Page) -> None:
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


def test_the_outline_of_a_patch_has_the_colour_of_its_point(bare: Page) -> None:
    found = draw(
        bare,
        {"at": [[-9.5, 0], [0, 0]], "aroundPoints": True},
        positions=LEFT,
        colors=[RED],
        pointSize=10,
        sprites={"rgb": [0, 200, 0], "side": 1, "nTokens": 1, "outline": 2},
    )["colors"]
    assert found == [RED, [0, 200, 0]]


def test_smaller_sizes_give_smaller_marks(bare: Page) -> None:
    full, half = (
        draw(bare, positions=LEFT, colors=[RED], sizes=[share])["drawn"]["count"]
        for share in (255, 128)
    )
    assert 0.15 * full < half < 0.4 * full


def test_new_positions_and_new_colours_are_shown_when_their_version_changes(bare: Page) -> None:
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


def test_a_redraw_asks_for_no_new_context(bare: Page) -> None:
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


def test_a_lost_context_comes_back_with_the_picture(page: Page, renderer_address: str) -> None:
    page.expected = [*READING_IS_SLOW]  # type: ignore[attr-defined]  # as conftest reads it
    open_renderer_page(page, renderer_address, "force=webgl2")
    before = draw(page, positions=LEFT, colors=[RED])["drawn"]
    page.evaluate(
        """async () => {
          const loss = canvas.getContext('webgl2').getExtension('WEBGL_lose_context');
          const said = (name) =>
            new Promise((done) => canvas.addEventListener(name, done, { once: true }));
          const lost = said('webglcontextlost');
          loss.loseContext();
          await lost;
          const back = said('webglcontextrestored');
          setTimeout(() => loss.restoreContext(), 0);
          await back;
        }"""
    )
    count = """() => {
      const pixels = current().readPixels();
      let n = 0;
      for (let at = 0; at < pixels.length; at += 4) n += pixels[at + 1] < 255;
      return n;
    }"""
    assert page.evaluate(count) == before["count"]


@pytest.mark.parametrize(
    "query",
    [
        "points=12000&layers=3&heads=4",
        "points=12000&layers=3&heads=4&dims=3&theme=dark&size=2",
        "points=2000&view=head&color=position",
        "points=2000&view=head&dims=3&color=type",
        "points=1500&view=head&patches&outline=1",
    ],
)
def test_both_renderers_draw_the_same_picture(
    page: Page, renderer_address: str, query: str
) -> None:
    page.expected = [*READING_IS_SLOW]  # type: ignore[attr-defined]  # as conftest reads it
    page.set_viewport_size({"width": 500, "height": 400})
    open_renderer_page(page, renderer_address, query)
    drawn, differing = page.evaluate("compareRenderers()")
    assert drawn > 4000
    assert differing <= 0.01 * drawn


def test_without_a_gpu_the_choice_is_canvas_2d(page: Page, renderer_address: str) -> None:
    open_renderer_page(page, renderer_address, "points=1000&show")
    assert page.evaluate("current().name") == "canvas2d"


def test_lines_join_queries_and_keys_over_the_map(page: Page, renderer_address: str) -> None:
    page.expected = [*READING_IS_SLOW]  # type: ignore[attr-defined]  # as conftest reads it
    open_renderer_page(page, renderer_address, "force=canvas2d")
    alphas = page.evaluate(
        """([left, right]) => {
          const black = [0, 0, 0];
          const positions = [...left, ...right];
          const frame = plainFrame({ positions, colors: [black, black], nQueries: 1 });
          const context = document.getElementById('overlay').getContext('2d');
          const alpha = (lines, rings) => {
            overlay.draw(frame, [{ cell: 0, lines, rings }]);
            return context.getImageData(100, 100, 1, 1).data[3];
          };
          const lines = (weight) => ({ from: [0], to: [1], weights: [weight], width: 3 });
          return [alpha(lines(1), []), alpha(lines(0.4), []), alpha(null, [0])];
        }""",
        [LEFT, RIGHT],
    )
    assert alphas[0] > 230
    assert 80 < alphas[1] < 130
    assert alphas[2] == 0


def test_the_benchmark_of_the_page_tells_its_figures(page: Page, renderer_address: str) -> None:
    open_renderer_page(page, renderer_address, "points=4000&layers=2&heads=2")
    for kind in ("pan", "blend", "style"):
        figures = page.evaluate("kind => measure({ nFrames: 3, kind })", kind)
        assert figures["n_points"] == 4000
        assert figures["draw_ms"]["median"] <= figures["draw_ms"]["max"]
