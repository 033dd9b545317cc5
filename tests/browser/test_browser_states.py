"""The page with images, builds, failures, slow answers, hostile text and small windows."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from playwright.sync_api import Page, Route, expect
from tests.browser.conftest import FEW_MAPS, GROWING
from tests.browser.page_driver import (
    LINES,
    NOT_BACKGROUND,
    PICTURE,
    expect_map,
    find_point,
    fingerprint,
    open_tab,
    open_view,
    query_of,
    select_point,
    wait_until,
)
from tests.browser.test_browser_accessibility import grave_findings
from tests.support.fake_dataset import write_fake_building, write_fake_dataset

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "\u202eevil\u202c",
    "\u2067שלום",
    "\u200b\u200d\ufeff",
    "l" + "o" * 5000 + "ng",
    "a\u0301\u0302\u0303\u0304\u0305",
    "\n\t",
    "__proto__",
    "${alert(1)}",
]


WEIGHTS = """async ([kind, position]) => {
  const answer = await fetch('api/v1/datasets/pictures/heads/1/2/attention/1');
  const n = Number(answer.headers.get('X-Shape').split(',')[0]);
  const pattern = new Float32Array(await answer.arrayBuffer());
  const at = (i) => (kind === 'query' ? position * n + i : i * n + position);
  return Array.from({ length: n }, (_, i) => pattern[at(i)]);
}"""


def test_an_image_and_a_sentence_show_attention_weights_of_the_selection(
    page: Page, address: str
) -> None:
    open_view(page, address, "?dataset=pictures&layer=1&head=2&selected=query-60")
    expect(page.get_by_role("combobox", name="Colour", include_hidden=True)).to_have_value("patch")
    patches = page.locator(".image__patch")
    expect(patches).to_have_count(49)
    for kind, label in (("query", "attends to"), ("key", "attended by")):
        page.get_by_label(label).click()
        expect(page.locator(".image__status")).to_contain_text(f"selected {kind}")
        weights = page.evaluate(WEIGHTS, [kind, 10])
        for i in (0, 20, 48):
            words = f"patch, row {i // 7}, column {i % 7}, weight {weights[i + 1]:.3f}"
            expect(patches.nth(i)).to_have_attribute("aria-label", words)
        words = f"class token, weight {weights[0]:.3f}"
        expect(page.locator(".image__token")).to_have_attribute("aria-label", words)
        assert query_of(page)["selected"] == f"{kind}-60"
        expect(page.locator("[aria-pressed=true]")).to_have_count(1)
    patches.nth(0).click()
    wait_until(lambda: query_of(page)["selected"] == "key-51", "the first patch is selected")

    read_weights_and_select(page, address)


def read_weights_and_select(page: Page, address: str) -> None:
    """Read the weights at the keys of a sentence; select by a click and by Enter."""
    page.set_viewport_size({"width": 1440, "height": 2600})  # all rows are in sight
    open_view(page, address, "?dataset=words&layer=0&head=0&selected=query-1")
    page.locator(".sentence__main .sentence__column--query .sentence__button").nth(2).hover()
    weights = page.locator(".sentence__main .sentence__column--key .sentence__weight")
    wait_until(lambda: any(weights.all_inner_texts()), "weights are written at the keys")
    written = [float(text) for text in weights.all_inner_texts() if text]
    assert 0.5 < sum(written) <= 1.05
    assert not any(page.locator(".sentence__column--query .sentence__weight").all_inner_texts())
    keys = page.locator(".sentence__main .sentence__column--key")
    for position, way in ((4, "click"), (5, "Enter")):
        button = keys.locator(f"[aria-posinset='{position}'] .sentence__button")
        if way == "click":
            button.click()
        else:
            button.press("Enter")
        expect(page.locator(".panel__chosen")).to_contain_text(f"key, position {position} of")
        assert query_of(page)["selected"].startswith("key-")
        assert "hidden" not in query_of(page)


# Choose a method, and return every picture that is drawn until the expected one.


def test_without_a_dataset_a_message_is_shown_and_maps_appear_during_a_build(
    page: Page, serve: Callable[[Path], str], tmp_path: Path
) -> None:
    page.goto(serve(tmp_path))
    expect(page.locator(".message")).to_contain_text("There is no dataset yet")
    assert grave_findings(page) == []
    write_fake_building(tmp_path, GROWING, n_units_done=4)
    expect(page.locator(".cell.is-pending")).to_have_count(2)
    expect(page.locator(".message")).to_be_hidden()
    expect_map(page)
    pending = page.get_by_role("button", name="Layer 1, head 2, not computed yet")
    expect(pending).to_have_count(1)
    pending.hover()
    expect(page.locator(".tooltip")).to_contain_text("This map is not computed yet.")
    expect(page.locator(".progress__text")).to_contain_text("4 of 60")
    expect(page.locator(".progress__text")).to_contain_text("4 of 6 heads")
    staged = write_fake_building(tmp_path, GROWING, n_units_done=6)
    expect(page.locator(".cell.is-pending")).to_have_count(0)
    # The mouse lies still, and the words beside it follow all the same.
    expect(page.locator(".tooltip")).to_contain_text("recall@10")
    expect(page.locator(".progress__text")).to_contain_text("6 of 60")
    link = page.get_by_role("link", name="Dask dashboard")
    expect(link).to_be_hidden()
    cluster = {"n_workers": 2, "hosts": ["node1"], "dashboard": "http://node1:8787/status"}
    progress = json.loads((staged / "progress.json").read_bytes()) | {"cluster": cluster}
    (staged / "progress.json").write_text(json.dumps(progress), encoding="utf-8")
    expect(link).to_have_attribute("href", cluster["dashboard"])
    expect(page.locator(".progress__text")).to_contain_text("2 workers on node1")
    ended = {"phase": "failed", "message": "layer 1 is not finite"}
    (staged / "progress.json").write_text(json.dumps(ended), encoding="utf-8")
    expect(page.locator(".progress__text")).to_contain_text("failed: layer 1 is not finite. Once")
    expect(page.get_by_role("combobox", name="Dataset")).to_contain_text("growing (failed)")
    page.get_by_label("UMAP").click()
    expect(page.locator(".message")).to_contain_text("UMAP, 2-D is not computed yet")
    write_fake_dataset(tmp_path, GROWING)
    expect(page.locator(".message")).to_be_hidden()
    expect(page.locator(".progress")).to_be_hidden()
    expect(page.locator(".cell.is-pending")).to_have_count(0)


def test_a_damaged_or_outdated_dataset_is_reported_and_not_shown(page: Page, address: str) -> None:
    message, choice = page.locator(".message"), page.get_by_role("combobox", name="Dataset")
    page.goto(f"{address}?dataset=damaged")
    expect(message).to_contain_text("The dataset “damaged” is damaged")
    expect(choice).to_contain_text("damaged (damaged)")
    expect(page.locator(".map__canvas")).to_be_hidden()
    choice.select_option("outdated")
    expect(message).to_contain_text("The dataset “outdated” cannot be shown.")
    expect(message).to_contain_text(
        "It was built by an earlier version of AttentionViz (format 1, this one reads 2, 3 and 4); "
        "build it again."
    )
    expect(message).not_to_contain_text("damaged")
    expect(choice).to_contain_text("outdated (other version)")
    expect(page.locator(".map__canvas")).to_be_hidden()


def test_a_sentence_without_stored_vectors_says_so_and_its_map_stays(
    page: Page, serve: Callable[[Path], str], tmp_path: Path
) -> None:
    page.expected += ["Failed to load resource"]  # type: ignore[attr-defined]
    write_fake_dataset(tmp_path, replace(FEW_MAPS, dataset_id="few", kept_sequences=1))
    open_view(page, serve(tmp_path), "?method=pca&layer=1&head=1&selected=query-0")
    reason = page.locator(".panel__missing")
    expect(reason).to_contain_text("sequence 0 cannot be shown: few was built with --keep-vectors")
    expect(page.locator(".line-legend__line")).to_be_hidden()
    expect(page.locator(".message")).to_be_hidden()
    assert page.evaluate(NOT_BACKGROUND) > 0


def test_the_map_stays_while_offline_and_requests_complete_after_reconnecting(
    page: Page, serve: Callable[[Path], str], tmp_path: Path
) -> None:
    page.expected += ["Failed to load resource"]  # type: ignore[attr-defined]
    spec = replace(FEW_MAPS, dataset_id="words")
    write_fake_dataset(tmp_path, spec)
    open_view(page, serve(tmp_path), "?method=pca&layer=1&head=1")
    banner = page.get_by_text("Can’t reach the server. Retrying")
    page.context.set_offline(True)
    select_point(page)
    expect(banner).to_be_visible()
    expect(page.locator(".message")).to_be_hidden()
    assert page.evaluate(NOT_BACKGROUND) > 0
    assert page.evaluate(LINES) == 0
    write_fake_dataset(tmp_path, replace(spec, n_tokens=70, seed=5))
    page.context.set_offline(False)
    expect(banner).to_be_hidden()
    wait_until(lambda: page.evaluate(LINES) > 0, "the attention that was asked for is drawn")
    expect(page.locator(".about")).to_contain_text("70 tokens")


def test_a_failed_load_is_reported_and_retried_and_the_latest_choice_wins(
    page: Page, address: str
) -> None:
    page.expected += ["Failed to load resource"]  # type: ignore[attr-defined]
    page.route("**/projections/pca-2d", lambda route: route.abort())
    page.goto(f"{address}?dataset=words&method=pca")
    message = page.locator(".message")
    expect(message).to_contain_text("Could not load the maps of all heads.")
    expect(message).to_contain_text("Can’t reach the server.")
    page.unroute("**/projections/pca-2d")
    message.get_by_role("button", name="Try again").click()
    expect(message).to_be_hidden()
    expect_map(page)
    drawn = fingerprint(page)

    held: list[Route] = []
    page.route("**/projections/umap-2d", lambda route: held.append(route))
    page.get_by_label("UMAP").click()
    expect(page.locator(".waiting")).to_contain_text("Loading the maps of all heads")
    page.get_by_label("PCA").click()
    wait_until(lambda: fingerprint(page) == drawn, "the map that was chosen last is drawn")
    give_late(page, held)
    assert fingerprint(page) == drawn
    expect(page.locator(".bar__detail")).to_contain_text("PCA, 2-D")
    expect(page.locator(".waiting")).to_be_hidden()

    for path in ("tokens/**", "heads", "projections/**"):
        page.route(f"**/datasets/pictures/{path}", lambda route: held.append(route))
    page.get_by_role("combobox", name="Dataset").select_option("pictures")
    expect(page.locator(".about__model")).to_have_text("synthetic-vit")
    page.get_by_role("combobox", name="Dataset").select_option("few-maps")
    expect(page.locator(".about__model")).to_have_text("synthetic-bert")
    expect(page.locator(".cell")).to_have_count(4)
    drawn = fingerprint(page)
    give_late(page, held)
    assert fingerprint(page) == drawn
    expect(page.locator(".cell")).to_have_count(4)
    expect(page.get_by_role("combobox", name="Colour", include_hidden=True)).to_have_value("type")


def give_late(page: Page, held: list[Route]) -> None:
    """Let answers come that were held back (some are called off by now), and be looked at."""
    assert held
    for route in held:
        route.continue_()
        if answer := route.request.response():
            answer.finished()
    held.clear()
    page.evaluate("() => new Promise(requestAnimationFrame)")


def test_hostile_tokens_are_shown_as_text_and_controls_fit_common_window_sizes(
    page: Page, address: str
) -> None:
    def poison(route: Route) -> None:
        url = f"{address}api/v1/datasets/words/tokens"
        columns = json.loads(route.fetch(url=url).text())
        for token, text in enumerate(HOSTILE, start=1):
            columns["text"][token] = text
        names = json.loads(route.fetch().text())["columns"]
        route.fulfill(json={**columns, "columns": names})

    def count(route: Route) -> None:
        codes = np.arange(int(route.fetch().headers["x-shape"]), dtype=np.int32)
        headers = {"X-Dtype": "int32", "X-Shape": str(len(codes))}
        route.fulfill(body=codes.tobytes(), headers=headers)

    page.route("**/datasets/words/tokens/vocabulary*", poison)
    page.route("**/datasets/words/tokens/code*", count)
    open_view(page, address, "?dataset=words&layer=0&head=0&selected=query-1")
    rows = page.locator(".sentence__main .sentence__column--query .sentence__token")
    expect(rows.nth(1)).to_have_text(HOSTILE[0])
    expect(rows.nth(5)).to_have_text("U+200B U+200D U+FEFF")
    expect(rows.nth(8)).to_have_text("⏎⇥")
    assert page.locator("img:not(.save__preview img)").count() == 0
    assert page.locator(".sentence__column bdi").count() > len(HOSTILE)
    keys = page.locator(".sentence__main .sentence__column--key .sentence__button")
    open_tab(page, "Find")
    for token, text in enumerate(HOSTILE, start=1):
        page.get_by_role("searchbox").fill(text.strip())
        keys.nth(token).press("Enter")
        expect(page.locator(".panel__chosen")).to_contain_text(f"key, position {token + 1} of")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    panel = page.locator(".panel").bounding_box()
    assert panel is not None
    assert panel["x"] + panel["width"] <= 1440
    find_point(page)

    page.unroute_all()
    open_view(page, address, "?dataset=words&layer=1&head=1&selected=key-4")
    for width, height in ((1024, 700), (1440, 900), (2560, 1440)):
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("() => new Promise(requestAnimationFrame)")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        parts = page.locator(".header > *, .bar > *:visible").all()
        boxes = [part.bounding_box() for part in parts]
        shown = [box for box in boxes if box and box["width"] > 0]
        assert len(shown) >= 8
        for box in shown:
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
        for left, right in zip(shown, shown[1:], strict=False):
            same_line = abs(left["y"] - right["y"]) < 20
            assert not same_line or left["x"] + left["width"] <= right["x"] + 1


PICTURES_UNTIL = f"""async ([name, expected]) => {{
  const picture = {PICTURE};
  const canvas = document.querySelector('.map__canvas');
  const pictures = [];
  document.querySelector(`input[value=${{name}}]`).click();
  const end = performance.now() + 60000;
  while (pictures.at(-1) !== expected && performance.now() < end) {{
    await new Promise(requestAnimationFrame);
    pictures.push(picture(canvas));
  }}
  return pictures;
}}"""


def test_points_move_to_another_map_unless_motion_is_reduced(page: Page, address: str) -> None:
    page.emulate_media(reduced_motion="reduce")
    open_view(page, address, "?dataset=words&method=biplot")
    target = {"biplot": fingerprint(page)}
    page.get_by_label("PCA").click()
    expect(page.locator(".waiting")).to_be_hidden()
    wait_until(lambda: fingerprint(page) != target["biplot"], "the other map is drawn")
    target["pca"] = fingerprint(page)
    motions: tuple[Literal["reduce", "no-preference"], ...] = ("reduce", "no-preference")
    for motion in motions:
        page.emulate_media(reduced_motion=motion)
        # A busy machine may draw no picture between first and last: then the way back counts.
        on_the_way: set[int] = set()
        for name in ("biplot", "pca") * 3:
            pictures = page.evaluate(PICTURES_UNTIL, [name, target[name]])
            assert pictures[-1] == target[name], "the other map is drawn in the end"
            on_the_way |= set(pictures) - set(target.values())
        assert bool(on_the_way) == (motion == "no-preference")
