"""What both renderers share: the picture, lost contexts, the layer above, the benchmark."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page
from tests.support.renderer_page import draw, open_renderer_page, served_renderer_page

# What Chromium says of tests that read pixels.
READING_IS_SLOW = ("ReadPixels", "willReadFrequently")
RED = [220, 30, 40]
LEFT, RIGHT = [16000, 32768], [50000, 32768]
PICTURES = [
    "points=12000&layers=3&heads=4",
    "points=12000&layers=3&heads=4&dims=3&theme=dark&size=2",
    "points=12000&layers=3&heads=4&part=0.5_0.45_0.5",
    "points=3000&layers=2&heads=3&part=0.4_0.5_0.6&size=6",
    "points=2000&view=head&color=position",
    "points=2000&view=head&part=0.5_0.5_0.6",
    "points=2000&view=head&dims=3&color=type",
    "points=20000&view=head&size=5&opacity=0.5",
    "points=1500&view=head&patches&outline=1",
    "points=1500&view=head&patches&outline=1&fill=0.45&opacity=0.6",
]


@pytest.fixture(scope="module")
def renderer_address() -> Iterator[str]:
    """Return the address of the bare page."""
    with served_renderer_page() as address:
        yield address


def test_both_renderers_draw_the_same_and_restore_it_after_a_lost_context(
    page: Page, renderer_address: str
) -> None:
    page.expected = [*READING_IS_SLOW]  # type: ignore[attr-defined]  # as conftest reads it
    page.set_viewport_size({"width": 500, "height": 400})
    differing = {}
    for query in PICTURES:
        open_renderer_page(page, renderer_address, query)
        n_drawn, n_differing = page.evaluate("compareRenderers()")
        if n_drawn <= 4000 or n_differing > 0.01 * n_drawn:
            differing[query] = n_drawn, n_differing
    assert differing == {}

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


def test_without_a_gpu_canvas_2d_draws_points_and_lines_and_runs_the_benchmark(
    page: Page, renderer_address: str
) -> None:
    page.expected = [*READING_IS_SLOW]  # type: ignore[attr-defined]  # as conftest reads it
    open_renderer_page(page, renderer_address, "points=4000&layers=2&heads=2&show")
    assert page.evaluate("current().name") == "canvas2d"
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

    for kind in ("pan", "blend", "style"):
        figures = page.evaluate("kind => measure({ nFrames: 3, kind })", kind)
        assert figures["n_points"] == 4000, kind
        assert figures["draw_ms"]["median"] <= figures["draw_ms"]["max"], kind
