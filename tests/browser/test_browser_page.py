"""The page in a real browser: grid, head, address, search and keys."""

from playwright.sync_api import Page, expect
from tests.browser.page_driver import (
    LINES,
    box_of,
    expect_map,
    fetch_heads,
    fetch_json,
    find_point,
    fingerprint,
    open_tab,
    open_view,
    press_tool,
    query_of,
    selected,
    wait_until,
)
from tests.support.head_list import MEASURES

TEXT = "?dataset=words"
HEAD = "?dataset=words&method=pca&layer=1&head=2"


def test_the_grid_shows_recall_draws_each_method_and_opens_heads_by_click(
    page: Page, address: str
) -> None:
    open_view(page, address, TEXT)
    heads = fetch_heads(page)
    best = fetch_json(page, "api/v1/datasets/words")["best_maps"]["best-2d"]
    assert f"{query_of(page)['method']}-2d" == best, "the truest map is shown first"
    expect(page.locator(".cell")).to_have_count(len(heads))
    for facts in heads:
        recall = facts["maps"][best]["fidelity"]["recall_at_10"]
        name = f"{recall:.2f} recall@10, layer {facts['layer']}, head {facts['head']}"
        cell = page.get_by_role("button", name=name)
        expect(cell).to_have_count(1)
        expect(cell.locator(".cell__badge")).to_have_text(f"{recall:.2f}")
        expect(cell.locator(".cell__title")).to_have_text(f"L{facts['layer']} H{facts['head']}")
    page.get_by_label("Biplot", exact=True).click()
    pictures = {fingerprint(page)}
    for name in ("Attention t-SNE", "t-SNE", "UMAP", "3-D", "PCA"):
        page.get_by_label(name, exact=True).click()
        if name == "PCA":
            page.get_by_label("2-D", exact=True).click()
        wait_until(lambda: fingerprint(page) not in pictures, f"{name} draws another picture")
        pictures.add(fingerprint(page))

    page.get_by_role("button", name="Layer 1, head 2").click()
    title = page.locator(".bar__title")
    expect(title).to_have_text("Layer 1, head 2")
    assert {"layer": "1", "head": "2"}.items() <= query_of(page).items()
    expect(page.locator(".grid")).to_be_hidden()
    fidelity = next(h for h in heads if (h["layer"], h["head"]) == (1, 2))["maps"]["pca-2d"][
        "fidelity"
    ]
    values = [fidelity[name] for name in MEASURES]
    shown = page.locator(".fidelity__value")
    expect(shown).to_have_text([f"{value:.2f}".replace("-", "−") for value in values])
    page.get_by_role("button", name="About: Map fidelity").click()
    expect(page.locator(".info__terms:visible")).to_contain_text("ten strongest keys")
    page.keyboard.press("Escape")
    expect(page.locator(".info__terms:visible")).to_have_count(0)
    page.go_back()
    expect(title).to_have_text("All heads")
    page.go_forward()
    expect(title).to_have_text("Layer 1, head 2")


WRONG_ADDRESSES = {
    "?dataset=words&colour=blue": "colour=blue",
    "?dataset=words&method=Magic!": "method=Magic!",
    "?dataset=words&method=magic": "has no map “magic-2d”",
    "?dataset=nowhere": "There is no dataset “nowhere”",
    "?dataset=words&layer=3&head=0": "Layer 3 is outside 0..2",
    "?dataset=words&layer=0&head=99": "Head 99 is outside 0..3",
    "?dataset=words&selected=query-300": "Token 300 is outside 0..299",
    "?dataset=words&color=row": "no colour mode “row”",
    "?dataset=few-maps&method=tsne": "has no map “tsne-2d”",
}


def test_the_view_is_restored_from_its_address_and_invalid_parts_get_a_notice(
    page: Page, address: str
) -> None:
    choices = "method=umap&dims=3&layer=2&head=1&selected=key-40&color=position&search=rain"
    open_view(page, address, f"?dataset=words&{choices}")
    assert query_of(page)["selected"] == "key-40"
    expect(page.locator(".bar__title")).to_have_text("Layer 2, head 1")
    expect(page.get_by_label("UMAP")).to_be_checked()
    expect(page.get_by_label("3-D")).to_be_checked()
    expect(page.get_by_role("combobox", name="Colour", include_hidden=True)).to_have_value(
        "position"
    )
    expect(page.get_by_role("searchbox")).to_have_value("rain")
    expect(page.locator(".panel")).to_contain_text("key, position")
    expect(page.locator(".notice")).to_have_count(0)

    for query, words in WRONG_ADDRESSES.items():
        page.goto(address + query)
        expect(page.locator(".notice"), query).to_have_count(1)
        expect(page.locator(".notice"), query).to_contain_text(words)
        expect(page.locator(".bar__title"), query).to_have_text("All heads")
        expect_map(page)


def test_methods_that_were_not_built_are_disabled_and_the_theme_is_kept(
    page: Page, address: str
) -> None:
    open_view(page, address, "?dataset=few-maps")
    light = fingerprint(page)
    expect(page.get_by_label("PCA")).to_be_checked()
    expect(page.get_by_label("t-SNE", exact=True)).to_be_disabled()
    expect(page.get_by_label("3-D")).to_be_disabled()
    page.get_by_label("UMAP").click()
    expect(page.get_by_label("3-D")).to_be_checked()
    assert {"method": "umap", "dims": "3"}.items() <= query_of(page).items()

    page.go_back()
    wait_until(lambda: fingerprint(page) == light, "the first map is back")
    page.emulate_media(color_scheme="dark")
    wait_until(lambda: fingerprint(page) != light, "the map is dark")
    page.get_by_role("button", name="Theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    wait_until(lambda: fingerprint(page) == light, "the map is light again")
    open_view(page, address, "?dataset=few-maps")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_a_search_counts_whole_tokens_and_keeps_its_text(page: Page, address: str) -> None:
    open_view(page, address, TEXT)
    tokens = fetch_json(page, "api/v1/datasets/words/tokens")["text"]
    plain = fingerprint(page)
    box = page.get_by_role("searchbox")
    open_tab(page, "Find")
    box.fill("rai")  # a part of a word is no hit
    expect(page.locator(".search__count")).to_have_text("0 tokens")
    box.fill("  RAIN ")
    n_hits = sum(text.strip().lower() == "rain" for text in tokens)
    assert n_hits > 1
    expect(page.locator(".search__count")).to_have_text(f"{n_hits} tokens")
    expect(box).to_have_value("  RAIN ")
    assert fingerprint(page) != plain
    page.get_by_role("button", name="Layer 0, head 1").click()
    expect(box).to_have_value("  RAIN ")
    expect(page.locator(".search__count")).to_have_text(f"{n_hits} tokens")
    page.keyboard.press("Escape")
    expect(box).to_have_value("")
    page.keyboard.press("g")
    wait_until(lambda: fingerprint(page) == plain, "the picture is as before the search")


def test_a_clicked_point_opens_its_sentence_and_stays_selected_until_cleared(
    page: Page, address: str
) -> None:
    open_view(page, address, f"{HEAD}&color=frequency")
    tokens = fetch_json(page, "api/v1/datasets/words/tokens")
    x, y = find_point(page, "key")
    expect(page.locator(".map .tooltip")).to_contain_text("Token frequency: ")
    page.mouse.click(x, y)
    expect(page.locator(".panel")).to_be_visible()
    point = selected(page)
    sequence = tokens["sequence"][point["token"]]
    length = tokens["sequences"]["length"][sequence]
    columns = page.locator(".sentence__main")
    query = columns.locator(".sentence__column--query .sentence__row").first
    expect(query).to_have_attribute("aria-setsize", str(length))
    position = tokens["position"][point["token"]]
    row = columns.locator(f".sentence__column--key [aria-posinset='{position + 1}']")
    expect(row).to_contain_class("is-selected")
    expect(row).to_have_attribute("aria-setsize", str(length))
    expect(page.locator(".panel__chosen")).to_contain_text(f"position {position + 1} of {length}")
    wait_until(lambda: page.evaluate(LINES) > 0, "attention lines are drawn")
    page.get_by_label("Attention lines").uncheck()
    wait_until(lambda: page.evaluate(LINES) == 0, "attention lines are gone")
    page.get_by_label("Attention lines").check()

    clear_in_every_way(page, x, y)
    page.mouse.click(x, y)
    expect(page.locator(".panel")).to_be_visible()
    assert selected(page) == point
    page.keyboard.press("ArrowRight")
    expect(page.locator(".bar__title")).to_have_text("Layer 1, head 3")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("4")
    page.keyboard.press("d")
    expect(page.locator(".bar__title")).to_have_text("Layer 0, head 3")
    expect(page.locator(".bar__detail")).to_have_text("t-SNE, 3-D")
    assert selected(page) == point
    expect(page.locator(".panel")).to_contain_text("Layer 0, head 3")
    page.keyboard.press("g")
    expect(page.locator(".bar__title")).to_have_text("All heads")
    assert selected(page) == point


def clear_in_every_way(page: Page, x: float, y: float) -> None:
    """Clear a selection, and select the point at a place again before the next way."""
    for way in ("Escape", "button", "cross", "empty"):
        if way != "Escape":
            page.mouse.click(x, y)
        expect(page.locator(".panel")).to_be_visible()
        wait_until(lambda: page.evaluate(LINES) > 0, f"attention lines are drawn before {way}")
        if way == "Escape":
            page.keyboard.press("Escape")
        elif way == "button":
            press_tool(page, "Clear selection")
        elif way == "cross":
            page.locator(".panel__head").get_by_role("button").click()
        else:
            box = box_of(page, ".map")
            page.mouse.click(box["x"] + 3, box["y"] + 3)
        expect(page.locator(".panel"), way).to_be_hidden()
        assert "selected" not in query_of(page), way
        wait_until(lambda: page.evaluate(LINES) == 0, f"attention lines are gone by {way}")
