"""Figures and tables are saved as a viewer does, read again, and held to what the page draws."""

import base64
import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import TIMEOUT_MS
from tests.browser.figure_reader import Figure, middle_of, save, save_svg, sheet
from tests.browser.page_driver import (
    LINES,
    fetch_heads,
    fetch_json,
    fingerprint,
    open_view,
    query_of,
    wait_until,
)
from tests.browser.test_browser_accessibility import grave_findings
from tests.support.fake_dataset import FakeSpec, facts_of_heads, write_fake_dataset

HEAD = "?dataset=words&method=pca&layer=1&head=2"
SELECTED = f"{HEAD}&selected=key-40"
IMAGE = "?dataset=pictures&method=pca&layer=1&head=2&selected=query-60"
COLORS_AT = """places => {
  const canvas = document.querySelector('.map__canvas');
  const pen = canvas.getContext('2d');
  return places.map(([x, y]) => [...pen.getImageData(x, y, 1, 1).data].slice(0, 3));
}"""


def hex_colors(colors: list[list[int]]) -> list[str]:
    return [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in colors]


def close_to(one: str, other: str, tolerance: int = 40) -> bool:
    return all(
        abs(int(one[i : i + 2], 16) - int(other[i : i + 2], 16)) < tolerance for i in (1, 3, 5)
    )


def points_of(figure: Figure) -> list[tuple[float, float, str]]:
    """Return place and colour of every point, of plain ones and of those that stand out."""
    plain = figure.all("circle", "points") + figure.all("path", "points")
    marks = [group[-1] for group in figure.all("g", "standouts")]
    return [(*middle_of(shape), shape.attrib["fill"]) for shape in plain + marks]


def shift_of(figure: Figure) -> tuple[float, float]:
    """Return how far the content is moved from the viewport onto the sheet."""
    outer = next(g for g in figure.all("g") if g.get("class") == "figure")
    inner = next(g for g in outer if g.get("transform"))
    moves = [g.attrib["transform"][10:-1].split() for g in (outer, inner)]
    return sum(float(move[0]) for move in moves), sum(float(move[1]) for move in moves)


def require_points_of_map(page: Page, figure: Figure) -> None:
    """Fail unless the points of a figure have their colours where the map has them."""
    points = points_of(figure)
    assert len(points) == 2 * 300
    assert len(figure.all("image")) == 0
    fingerprint(page)
    drawn = hex_colors(page.evaluate(COLORS_AT, [[int(x), int(y)] for x, y, _ in points]))
    # Some are covered by others; all others have their colour where the map has it.
    fits = [close_to(color, seen) for (_, _, color), seen in zip(points, drawn, strict=True)]
    assert np.mean(fits) > 0.75
    moved = [[int(x) + 40, int(y)] for x, y, _ in points]
    elsewhere = hex_colors(page.evaluate(COLORS_AT, moved))
    misses = [close_to(color, seen) for (_, _, color), seen in zip(points, elsewhere, strict=True)]
    assert np.mean(misses) < 0.5 * np.mean(fits)


def test_saved_figures_match_the_map_in_both_renderers_themes_and_dimensions(
    page: Page, address: str, chromium: Browser
) -> None:
    open_view(page, address, HEAD)
    figure = save_svg(page)
    require_points_of_map(page, figure)
    require_same_by_webgl(address, chromium, figure, require_png(page, figure))
    require_colors_of_theme(page, figure)
    page.get_by_label("3-D", exact=True).check()
    page.get_by_role("combobox", name="Colour").select_option("position")
    expect(page.locator(".bar__detail")).to_contain_text("PCA, 3-D")
    fingerprint(page)
    require_points_of_map(page, save_svg(page))


def require_png(page: Page, figure: Figure) -> bytes:
    """Save the map as pixels, two for each of the figure, with its colours; return them."""
    name, content = save(page, "PNG")
    assert name == "words-pca-2d-L1-H2.png"
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    assert picture.size == (2 * figure.width, 2 * figure.height)
    dx, dy = shift_of(figure)
    fits = []
    for x, y, color in points_of(figure):
        pixel = (int(2 * (x + dx)), int(2 * (y + dy)))
        red, green, blue = picture.getpixel(pixel)  # type: ignore[misc]
        fits.append(close_to(color, f"#{red:02x}{green:02x}{blue:02x}"))
    assert np.mean(fits) > 0.75
    ink = np.asarray(picture)[: 2 * 44].min(axis=2)  # the title stands on top
    assert (ink < 100).sum() > 200
    return content


def require_same_by_webgl(address: str, chromium: Browser, plain: Figure, png: bytes) -> None:
    """Save the same view where WebGL draws the map."""
    other_context = chromium.new_context(viewport={"width": 1440, "height": 900})
    other_context.set_default_timeout(TIMEOUT_MS)
    other = other_context.new_page()
    try:
        other.goto(f"{address}{HEAD}&renderer=webgl2")
        expect(other.locator(".bar__title")).to_have_text("Layer 1, head 2")
        expect(other.locator(".waiting")).to_be_hidden()
        other.wait_for_load_state("networkidle")
        assert not other.evaluate("document.querySelector('.map__canvas').getContext('2d')")
        assert points_of(save_svg(other)) == points_of(plain)
        _, other_png = save(other, "PNG")
        one, two = (
            np.asarray(Image.open(io.BytesIO(file)).convert("RGB"), int)
            for file in (png, other_png)
        )
        assert one.shape == two.shape
        assert (np.abs(one - two).max(axis=2) > 24).mean() < 0.005
    finally:
        other_context.close()


def require_colors_of_theme(page: Page, light: Figure) -> None:
    """Save in dark colours, and then on white paper, which the page does not take on."""
    assert paper(light) == "#ffffff"
    expect(sheet(page).get_by_label("White background")).to_be_hidden()
    page.keyboard.press("Escape")
    page.emulate_media(color_scheme="dark")
    wait_until(
        lambda: hex_colors(page.evaluate(COLORS_AT, [[2, 2]])) == ["#111318"], "the map is dark"
    )
    dark = save_svg(page)
    assert paper(dark) == "#111318"
    assert {color for _, _, color in points_of(dark)}.isdisjoint(
        {c for _, _, c in points_of(light)}
    )
    sheet(page).get_by_label("White background").check()
    white = save_svg(page)
    assert paper(white) == "#ffffff"
    assert points_of(white) == points_of(light)
    assert white.attribute("fill") == light.attribute("fill")
    fingerprint(page)
    background = page.evaluate(COLORS_AT, [[2, 2]])
    assert hex_colors(background) == ["#111318"]  # the page stays dark
    page.keyboard.press("Escape")
    page.emulate_media(color_scheme="light")


def paper(figure: Figure) -> str:
    return next(r.attrib["fill"] for r in figure.all("rect") if r.get("class") == "paper")


def test_captions_and_saved_tables_have_the_numbers_of_the_dataset(
    page: Page, address: str, built: Path
) -> None:
    open_view(page, address, f"{HEAD}&color=position")
    require_facts_in_caption(page)
    for dims in (3, 2):
        page.get_by_label(f"{dims}-D", exact=True).check()
        expect(page.locator(".bar__detail")).to_contain_text(f"PCA, {dims}-D")
        fingerprint(page)
        require_saved_points(page, built, dims)
    page.keyboard.press("g")
    expect(page.locator(".bar__title")).to_have_text("All heads")
    fingerprint(page)
    grid = save_svg(page)  # so few points are shapes inside of their cells
    assert len(points_of(grid)) == 12 * 600
    assert len(grid.all("image")) == 0
    require_saved_fidelity(page)
    open_view(page, address, f"{HEAD}&zoom=4&center=0.5_0.5")
    fingerprint(page)
    zoomed = save_svg(page)
    points = points_of(zoomed)
    assert 0 < len(points) < 600
    box = page.locator(".map").bounding_box()
    assert box is not None
    assert all(-60 < x < box["width"] + 60 and -60 < y < box["height"] + 60 for x, y, _ in points)
    assert zoomed.width <= box["width"] + 100
    assert "Zoom 4." in zoomed.words()


def require_facts_in_caption(page: Page) -> None:
    """Save a figure; its caption has the facts of the manifest and the fidelity of its map.

    They are in the metadata of every figure, and written on request.
    """
    manifest = fetch_json(page, "api/v1/datasets/words")["manifest"]
    heads = fetch_heads(page)
    facts = next(h for h in heads if (h["layer"], h["head"]) == (1, 2))
    figure = save_svg(page)
    assert figure.name == "words-pca-2d-L1-H2.svg"
    sheet(page).get_by_role("checkbox", name="Full caption").check()
    written = save_svg(page).words()
    sheet(page).get_by_role("checkbox", name="Full caption").uncheck()
    page.keyboard.press("Escape")
    model = manifest["model"]
    fidelity = facts["maps"]["pca-2d"]["fidelity"]
    parameters = manifest["maps"]["pca-2d"]["parameters"].items()
    parts = (
        model["name"],
        model["source"],
        model["weights_sha256"][:12],
        f"seed {manifest['seed']}",
        manifest["corpus"]["name"],
        *(f"{name.replace('_', ' ')} {value}" for name, value in parameters),
        f"recall@10 {fidelity['recall_at_10']:.2f},",
        f"trustworthiness {fidelity['trustworthiness']:.2f}.",
        "Layer 1, head 2",
        "Colour: position.",
        f"Maps and scores by AttentionViz {manifest['attentionviz_version']}.",
    )
    for caption in (figure.metadata(), written):
        assert [part for part in parts if part not in caption] == []
    assert "Layer 1, head 2" in figure.words()
    assert model["weights_sha256"][:12] not in figure.words(), "the caption is short"


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def require_saved_points(page: Page, built: Path, dims: int) -> None:
    """Save the points of the open head and compare them in the unit of their map."""
    name, content = save(page, "Points of this map, CSV")
    assert name == f"words-pca-{dims}d-L1-H2-points.csv"
    rows = rows_of(content)
    (folder,) = built.glob("words@*")
    heads = facts_of_heads(folder)
    facts = next(h for h in heads if (h["layer"], h["head"]) == (1, 2))["maps"][f"pca-{dims}d"]
    (file,) = folder.glob(f"**/L01H02/pca-{dims}d.npy")
    exact = np.asarray(facts["offset"]) + facts["scale"] * np.load(file).astype(float)
    axes = "xyz"[:dims]
    saved = np.array([[float(row[axis]) for axis in axes] for row in rows])
    np.testing.assert_allclose(saved, exact, rtol=1e-5, atol=1e-5 * np.abs(exact).max())
    tokens = fetch_json(page, "api/v1/datasets/words/tokens")
    assert [row["kind"] for row in rows] == ["query"] * 300 + ["key"] * 300
    assert [int(row["sequence_idx"]) for row in rows] == tokens["sequence"] * 2
    assert [row["text"].lstrip("'") for row in rows[:300]] == [
        t.lstrip("'") for t in tokens["text"]
    ]
    _, as_json = save(page, "Points of this map, JSON")
    points = json.loads(as_json)
    assert points["map"] == f"pca-{dims}d"
    assert [point["x"] for point in points["points"]] == [float(row["x"]) for row in rows]


def require_saved_fidelity(page: Page) -> None:
    """Save the fidelity of all heads and compare it with what the server says."""
    expect(sheet(page).get_by_text("Points of this map")).to_be_hidden()
    name, content = save(page, "Fidelity of all heads, CSV")
    assert name == "words-fidelity.csv"
    heads = fetch_heads(page)
    saved = {(int(r["layer"]), int(r["head"]), r["map"]): r for r in rows_of(content)}
    assert len(saved) == sum(len(head["maps"]) for head in heads)
    for head in heads:
        for map_name, facts in head["maps"].items():
            row = saved[head["layer"], head["head"], map_name]
            for measure, value in facts["fidelity"].items():
                assert row[measure] == ("" if value is None else repr(value)) or float(
                    row[measure]
                ) == pytest.approx(value)
    _, as_json = save(page, "Fidelity of all heads, JSON")
    assert len(json.loads(as_json)["fidelity"]) == len(saved)


def test_selection_and_sentence_are_saved_by_keyboard(page: Page, address: str) -> None:
    open_view(page, address, SELECTED)
    require_saved_by_keys(page)
    require_selection_in_map(page)
    require_line_for_every_weight(page)


def require_saved_by_keys(page: Page) -> None:
    expect(page.locator(".sentence__main .sentence__row").first).to_be_visible()
    button = page.get_by_role("button", name="Save figure", include_hidden=True)
    if not button.is_visible():
        page.get_by_role("button", name="More").click()
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Save")
    expect(dialog.get_by_role("radio", name="Map", exact=True)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_role("radio", name="Sentence")).to_be_checked()
    for _ in ("Width", "Full caption", "SVG"):
        page.keyboard.press("Tab")
    expect(dialog.get_by_role("button", name="SVG")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()
    assert "selected" in query_of(page)  # Escape took back nothing else
    page.keyboard.press("Enter")
    for _ in ("Width", "Full caption", "SVG"):
        page.keyboard.press("Tab")
    with page.expect_download() as started:
        page.keyboard.press("Enter")
    assert "sentence" in started.value.suggested_filename
    expect(dialog).to_be_hidden()
    button.click()
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        page.evaluate("() => new Promise(requestAnimationFrame)")
        assert grave_findings(page) == [], scheme
    page.locator(".bar__title").click()
    expect(dialog).to_be_hidden()


def require_selection_in_map(page: Page) -> None:
    """Save the map: rings, lines and labels of the selection are in it as long as shown."""
    tokens = fetch_json(page, "api/v1/datasets/words/tokens")
    sequence = tokens["sequence"][40]
    length = tokens["sequences"]["length"][sequence]
    wait_until(lambda: page.evaluate(LINES) > 0, "attention lines are drawn")
    figure = save_svg(page)
    require_points_of_map(page, figure)
    standouts = figure.all("g", "standouts")
    assert len(standouts) == 2 * length
    assert all(len(group) == 3 for group in standouts)  # line of paper, ring, mark
    lines = [line for group in figure.all("g", "lines") for line in group]
    assert 0 < len(lines) <= 2 * length
    labels = [e.text for e in figure.all("text") if e.get("class") == "label"]
    assert labels
    position = tokens["position"][40] + 1
    assert any(str(label).startswith(f"{position}:") for label in labels)
    assert f"Selected: key “{tokens['text'][40].strip()}”" in figure.words().replace("“\xa0", "“")
    require_paper(page, figure)
    page.get_by_label("Attention lines").uncheck()
    page.keyboard.press("l")
    bare = save_svg(page)
    assert not [line for group in bare.all("g", "lines") for line in group]
    assert not [e for e in bare.all("text") if e.get("class") == "label"]


def require_paper(page: Page, on_screen: Figure) -> None:
    """Save the map at the width of a column, with strongest keys and nearest points."""
    kinds = ("attention in this sentence", "highest q·k in the corpus", "nearest in this map")
    assert [kind in on_screen.words() for kind in kinds] == [True, False, False]
    assert not on_screen.all("g", "corpus-lines")
    page.get_by_label("Strongest and nearest").check()
    expect(page.locator(".line-legend__ring")).to_be_visible()
    preview = sheet(page).get_by_alt_text("Preview of the figure")
    for width_mm in (183, 89):
        sheet(page).get_by_role("radio", name=str(width_mm)).check()
        wait_until(
            lambda wanted=width_mm / 25.4 * 96: (
                abs(preview.evaluate("image => image.naturalWidth") - wanted) < 2
            ),
            "the preview has the width of the figure in print",
        )
    figure = save_svg(page)
    assert figure.width == 89
    assert len(figure.all("circle", "rings")) == 10
    assert figure.all("g", "corpus-lines")
    assert [kind in figure.words() for kind in kinds] == [True, True, True]
    legend = sheet(page).get_by_role("checkbox", name="Legend of lines and rings")
    legend.uncheck()
    _, content = save(page, "PNG")
    picture = Image.open(io.BytesIO(content))
    assert picture.width / picture.info["dpi"][0] * 25.4 == pytest.approx(89, abs=0.1)
    assert picture.info["dpi"][0] > 600
    assert not any(kind in save_svg(page).words() for kind in kinds)
    sheet(page).get_by_role("radio", name="Screen").check()
    page.keyboard.press("Escape")
    page.get_by_label("Strongest and nearest").uncheck()


def require_line_for_every_weight(page: Page) -> None:
    """Hide a key and save the sentence."""
    page.locator(".sentence__main .sentence__column--key .sentence__button").nth(1).click(
        modifiers=["Alt"]
    )
    wait_until(lambda: query_of(page).get("hidden") == "key-1", "a key is hidden")
    tokens = fetch_json(page, "api/v1/datasets/words/tokens")
    sequence = tokens["sequence"][40]
    length = tokens["sequences"]["length"][sequence]
    weights = page.evaluate(
        f"""fetch('api/v1/datasets/words/heads/1/2/attention/{sequence}')
        .then((a) => a.arrayBuffer()).then((b) => [...new Float32Array(b)])"""
    )
    pattern = np.array(weights).reshape(length, length)
    pattern[:, 1] = 0
    pattern /= pattern.sum(axis=1, keepdims=True)
    figure = save_svg(page, "Sentence")
    assert figure.name == f"words-L1-H2-sentence-{sequence + 1}.svg"
    lines = figure.all("line", "lines")
    assert len(lines) == int((pattern >= 0.01).sum())
    columns = {kind: figure.all("text", kind) for kind in ("query", "key")}
    assert [len(column) for column in columns.values()] == [length, length]
    assert [t.get("text-decoration") for t in columns["key"]].count("line-through") == 1
    chosen = tokens["position"][40]
    assert columns["key"][chosen].get("font-weight") == "700"
    assert "1 token hidden" in figure.words()
    _, content = save(page, "PNG", "Sentence")
    assert Image.open(io.BytesIO(content)).size == (2 * figure.width, 2 * figure.height)


@pytest.fixture(scope="module")
def crowded(serve: Callable[[Path], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the address of a grid with more points than a drawing should have."""
    folder = tmp_path_factory.mktemp("crowded")
    spec = FakeSpec("crowd", n_layers=2, n_heads=3, n_tokens=2500, maps=("pca-2d",), seed=6)
    write_fake_dataset(folder, spec)
    return serve(folder)


def test_a_grid_of_many_points_is_saved_as_a_bitmap_with_text(page: Page, crowded: str) -> None:
    open_view(page, crowded, "?dataset=crowd")
    figure = save_svg(page)
    assert figure.name == "crowd-pca-2d-all-heads.svg"
    assert not points_of(figure)
    (image,) = figure.all("image")
    picture = Image.open(io.BytesIO(base64.b64decode(image.attrib["href"].split(",")[1])))
    assert picture.size == (2 * float(image.attrib["width"]), 2 * float(image.attrib["height"]))
    colors = picture.convert("RGB").getcolors(1 << 24)
    assert colors is not None
    assert len(colors) > 20
    heads = fetch_heads(page, "crowd")
    words = [text.text for text in figure.all("text")]
    for head in heads:
        assert f"L{head['layer']} H{head['head']}" in words
        assert f"{head['maps']['pca-2d']['fidelity']['recall_at_10']:.2f}" in words
    assert "mean over heads" in figure.metadata()


def test_an_image_is_saved_with_heat_or_connections(page: Page, address: str) -> None:
    open_view(page, address, f"{IMAGE}&image-threshold=0.02")
    for links in ("heat", "strongest", "all"):
        page.locator(f".image input[type=radio][value='{links}']").check()
        wait_until(
            lambda links=links: query_of(page).get("image-links", "heat") == links, "it is shown"
        )
        status = page.locator(".image__status")
        wait_until(lambda status=status: status.inner_text() != "", "the attention is there")
        tokens = fetch_json(page, "api/v1/datasets/pictures/tokens")
        sequence = tokens["sequence"][60]
        n = tokens["sequences"]["length"][sequence]
        figure = save_svg(page, "Image")
        assert figure.name == f"pictures-L1-H2-image-{sequence + 1}.svg"
        (image,) = figure.all("image")
        content = base64.b64decode(image.attrib["href"].split(",")[1])
        assert Image.open(io.BytesIO(content)).size[0] > 8
        assert len([r for r in figure.all("rect") if r.get("class") == "chosen"]) == 2
        if links == "heat":
            heats = [r for r in figure.all("rect", "heat") if r.get("fill-opacity")]
            assert len(heats) == n
            opacities = [float(rect.attrib["fill-opacity"]) for rect in heats]
            assert max(opacities) == pytest.approx(0.85)  # the largest weight
        else:
            own, others = (
                sum(len(figure.all(tag, part)) for tag in ("g", "circle", "rect"))
                for part in ("links", "other-links")
            )
            page.mouse.move(0, 0)  # the closed sheet leaves it on a patch, which is then told
            found = re.search(r"(\d+) connection", status.inner_text().replace("\u202f", ""))
            assert found
            told = int(found[1])
            # Of the selected patch all connections are drawn, of the others the strongest.
            assert own > 0
            assert told == own + others if links == "all" else told - others in (0, 1)
        assert tokens["sequences"]["text"][sequence] in figure.words()
    figure = save_svg(page)
    assert len(figure.all("image")) == 1  # patches stay pictures
    assert not points_of(figure)
    for what in ("Below it", "Means of all heads", "Map of heads"):
        expect(sheet(page).get_by_role("radio", name=what, exact=True)).to_be_disabled()
    expect(sheet(page).get_by_role("radio", name="Map", exact=True)).to_be_enabled()


PRINTED = (
    (HEAD + "&selected=query-9", None, 2),
    ("?dataset=pictures&method=pca&theme=dark&selected=query-60", "t", 1),
    (HEAD + "&compare.dataset=pictures", None, 2),
)


def test_the_view_is_printed_on_one_page(page: Page, address: str) -> None:
    for view, key, n_figures in PRINTED:
        open_view(page, address, view)
        require_printed(page, view, key, n_figures)
        page.emulate_media(media="null")  # or the next would be printed as on a screen


def require_printed(page: Page, view: str, key: str | None, n_figures: int) -> None:
    if key:
        page.keyboard.press(key)
        expect(page.get_by_role("dialog")).to_be_visible()
    for paper in ("A4", "Letter"):
        for is_landscape in (False, True):
            content = page.pdf(format=paper, landscape=is_landscape)
            n_pages = len(re.findall(rb"/Type\s*/Page\b", content))
            assert n_pages == 1, f"{view} on {paper}{' across' if is_landscape else ''}"
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    sheet = page.locator(".print")
    expect(sheet.locator(".print__figure")).to_have_count(n_figures)
    for words in ("PCA, 2-D", "recall@10 ", page.url):
        expect(sheet).to_contain_text(words)
    assert page.locator("body > :not(.print):visible").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(sheet).to_be_empty()
