"""Figures of what is told of heads: means, heat maps, offsets, the map of heads."""

import base64
import io
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from tests.browser.figure_reader import Figure, save, save_svg, sheet
from tests.browser.map_of_heads import dots, pixel
from tests.browser.page_driver import fetch_json, open_view, press_tool, wait_until
from tests.browser.test_browser_figures import HEAD, SELECTED

MEANS = "Means of all heads"


def pattern_of(page: Page, path: str) -> np.ndarray:
    """Return a square of weights that the server gives."""
    weights = page.evaluate(
        """path => fetch(path).then((a) => a.arrayBuffer())
        .then((b) => [...new Float32Array(b)])""",
        path,
    )
    side = round(len(weights) ** 0.5)
    return np.array(weights).reshape(side, side)


def pixels(element: object) -> Image.Image:
    """Return the picture of an image element."""
    content = element.attrib["href"].split(",")[1]  # type: ignore[attr-defined]
    return Image.open(io.BytesIO(base64.b64decode(content))).convert("RGBA")


def lacking(figure: Figure, *more: str) -> list[str]:
    """Return what a full caption lacks of model, weights, corpus, seed, version and more.

    `more` may be written in the figure instead.
    """
    caption = figure.metadata()
    facts = ("Model: ", "weights sha256", "Corpus: ", "seed ", "AttentionViz")
    written = caption + figure.words()
    return [
        *(part for part in facts if part not in caption),
        *(part for part in more if part not in written),
    ]


def is_offered(page: Page, what: str) -> bool:
    return sheet(page).get_by_role("radio", name=what, exact=True).is_enabled()


def test_means_heat_maps_and_offset_bars_are_saved_as_shown(page: Page, address: str) -> None:
    open_view(page, address, SELECTED)
    expect(page.locator(".aggregate__words")).to_contain_text("over")
    tokens = fetch_json(page, "api/v1/datasets/words/tokens")
    sequence = tokens["sequence"][40]
    length = tokens["sequences"]["length"][sequence]
    mean = pattern_of(page, f"api/v1/datasets/words/heads/1/2/aggregate?length={length}")
    own = pattern_of(page, f"api/v1/datasets/words/heads/1/2/attention/{sequence}")
    wait_until(lambda: is_offered(page, "Below it"), "the mean is there")
    assert not is_offered(page, "Map of heads"), "it is not open yet"
    require_lines_of_mean(page, mean, f"words-L1-H2-mean-of-sentence-{sequence + 1}.svg")
    page.locator(".aggregate").get_by_label("squares").check()
    require_heat_maps(page, own, f"words-L1-H2-heat-map-of-sentence-{sequence + 1}.svg")
    require_means_of_all_heads(page, mean)
    page.locator(".aggregate").get_by_label("offset").check()
    require_bars_by_offset(page, mean)


def require_double_size(page: Page, figure: Figure, what: str) -> None:
    """Fail unless a PNG has two pixels for each of the SVG."""
    _, content = save(page, "PNG", what)
    assert Image.open(io.BytesIO(content)).size == (2 * figure.width, 2 * figure.height)


def require_lines_of_mean(page: Page, mean: np.ndarray, name: str) -> None:
    figure = save_svg(page, "Below it")
    assert figure.name == name
    assert len(figure.all("line", "lines")) == int((mean >= 0.01).sum())
    positions = ["".join(text.itertext()) for text in figure.all("text", "query")]
    assert positions == [str(i + 1) for i in range(len(mean))]
    assert not lacking(figure, "Layer 1, head 2", "Mean by position over")
    require_double_size(page, figure, "Below it")


def require_heat_maps(page: Page, own: np.ndarray, name: str) -> None:
    figure = save_svg(page, "Below it")
    assert figure.name == name
    first, second = (pixels(image) for image in figure.all("image"))
    assert first.size == second.size
    side = first.size[0] / len(own)
    query, key = np.unravel_index(own.argmax(), own.shape)
    low = np.unravel_index(own.argmin(), own.shape)
    places = [((k + 0.5) * side, (q + 0.5) * side) for q, k in ((query, key), low)]
    strong, weak = (first.getpixel((int(x), int(y))) for x, y in places)
    assert strong[3] == 255
    assert sum(strong[:3]) < sum(255 - weak[3] + weak[3] * c // 255 for c in weak[:3])
    assert f"{own.max():.3f}" in figure.words()
    assert not lacking(figure, "Layer 1, head 2", "attention as heat maps")
    require_double_size(page, figure, "Below it")


def require_means_of_all_heads(page: Page, mean: np.ndarray) -> None:
    """Save them from the menu, and where they are seen."""
    name = f"words-all-heads-means-of-{len(mean)}-tokens"
    figure = save_svg(page, MEANS)
    assert figure.name == f"{name}.svg"
    assert len(figure.all("image")) == 12
    assert not lacking(figure, "All heads (3 layers × 4 heads)", f"≥ {len(mean)} tokens")
    picture = pixels(figure.all("image")[6])
    query, key = np.unravel_index(mean.argmax(), mean.shape)
    side = picture.size[0] / len(mean)
    darkest = picture.getpixel((int((key + 0.5) * side), int((query + 0.5) * side)))
    colors = picture.getcolors(1 << 16)
    assert colors is not None
    assert darkest == min((c for _, c in colors if c[3] == 255), key=lambda c: sum(c[:3]))
    page.locator(".pattern-matrix").get_by_role("button", name="All heads").click()
    expect(page.locator(".heads__cell")).to_have_count(12)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save the means of all heads as SVG").click()
    assert saved.value.suggested_filename == f"{name}.svg"
    same = ElementTree.parse(saved.value.path()).getroot()  # noqa: S314, the page made it
    assert ElementTree.tostring(same) == ElementTree.tostring(figure.root)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Mean attention")).to_be_hidden()


def require_bars_by_offset(page: Page, mean: np.ndarray) -> None:
    figure = save_svg(page, "Below it")
    own, others = ([g for g in figure.all("g") if g.get("class") == "bars"][i] for i in (0, 1))
    assert len(own) == len(others) == len(page.locator(".offsets__item").all())
    names = [t.text for t in figure.all("text", "offsets")]
    heights = [float(bar.attrib["height"]) for bar in others]
    diagonal, before = (np.diag(mean, offset).mean() for offset in (0, -1))
    ratio = heights[names.index("0")] / heights[names.index("−1")]
    assert ratio == pytest.approx(diagonal / before, rel=0.01)
    assert not lacking(figure, "mean weight by offset", "key before query")


def test_the_weight_by_offset_of_a_head_and_the_map_of_heads_are_saved(
    page: Page, address: str
) -> None:
    open_view(page, address, HEAD)
    profile = fetch_json(page, "api/v1/datasets/words/heads/1/2")["profile"]
    wait_until(lambda: is_offered(page, "Weight by offset"), "the numbers of heads are there")
    figure = save_svg(page, "Weight by offset")
    assert figure.name == "words-L1-H2-weight-by-offset.svg"
    (bars,) = (g for g in figure.all("g") if g.get("class") == "bars")
    assert len(bars) == sum(weight is not None for weight in profile["weights"])
    pale = [bar for bar in bars if bar.get("fill-opacity")]
    few = [n < 10 for n, w in zip(profile["n_rows"], profile["weights"], strict=True) if w]
    assert len(pale) == sum(few)
    assert not lacking(figure, "Layer 1, head 2", "Mean weight of a key by its offset")
    _, content = save(page, "PNG", "Weight by offset")
    assert content.startswith(b"\x89PNG")

    press_tool(page, "Map of heads")
    require_map_of_heads(page, "Layer")

    open_view(page, address, f"{HEAD}&score=previous")  # which opens it again
    require_map_of_heads(page, "Previous token")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save the map of heads as PNG").click()
    assert saved.value.suggested_filename == "words-all-heads-map-of-heads.png"


def require_map_of_heads(page: Page, legend: str) -> None:
    """Save it; its dots have the colours of those on the page, its caption the stress."""
    seen = {at: pixel(page, place)[:3] for at, place in dots(page).items()}
    figure = save_svg(page, "Map of heads")
    assert figure.name == "words-all-heads-map-of-heads.svg"
    circles = figure.all("circle", "heads")
    assert len(circles) == 12
    assert [circle.attrib["fill"] for circle in circles] == [
        "#" + "".join(f"{part:02x}" for part in color) for color in seen.values()
    ]
    assert len([c for c in figure.all("circle") if c.get("class") == "open"]) == 1
    map_words = ("stress 0.00", "over 7 rows", "points in a plane", "map of heads")
    assert not lacking(figure, *map_words, legend)
