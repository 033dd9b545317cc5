"""The best map of each head, and where a map misleads about one point."""

import re

import numpy as np
from playwright.sync_api import Page, expect
from tests.browser.page_driver import (
    LINES,
    fetch_heads,
    fetch_json,
    find_point,
    fingerprint,
    open_view,
    query_of,
    select_point,
    selected,
    wait_until,
)

from attentionviz.core.types import METHODS


def best_maps(page: Page) -> list[str]:
    """Return the 2-D map of every head with the highest recall, as the server's numbers say."""
    heads = fetch_heads(page)
    maps = [
        [f"{method}-2d" for method in METHODS if f"{method}-2d" in head["maps"]] for head in heads
    ]
    return [
        max(names, key=lambda name: head["maps"][name]["fidelity"]["recall_at_10"])
        for head, names in zip(heads, maps, strict=True)
    ]


def test_method_best_shows_and_names_the_best_map_of_each_head(page: Page, address: str) -> None:
    open_view(page, address, "?dataset=words&method=pca")
    pca = fingerprint(page)
    page.get_by_role("radio", name="Best").check()
    wait_until(lambda: fingerprint(page) != pca, "other maps are drawn")
    assert query_of(page)["method"] == "best"
    best = best_maps(page)
    heads = fetch_heads(page)
    labels = {method["name"]: method["label"] for method in methods(page)}
    for i, (head, name) in enumerate(zip(heads, best, strict=True)):
        recall = head["maps"][name]["fidelity"]["recall_at_10"]
        cell = page.locator(".cell").nth(i)
        expect(cell).to_have_attribute("aria-label", wording(recall, labels[name[:-3]]))
    n_most = max(best.count(name) for name in best)
    expect(page.locator(".bar__detail")).to_contain_text(f"Best, 2-D: {n_most} × ")

    open_the_best_map(page, address)

    open_view(page, address, "?dataset=few-maps&method=best")
    expect(page.get_by_role("radio", name="Best")).to_be_checked()
    expect(page.locator(".bar__detail")).to_contain_text("PCA")
    page.get_by_role("radio", name="3-D").check()
    expect(page.locator(".bar__detail")).to_contain_text("UMAP")


def open_the_best_map(page: Page, address: str) -> None:
    open_view(page, address, "?dataset=words&method=best&layer=1&head=2")
    own = best_maps(page)[1 * 4 + 2]
    label = next(m["label"] for m in methods(page) if m["name"] == own[:-3])
    expect(page.locator(".bar__detail")).to_have_text(f"{label}, 2-D (best)")
    best = fingerprint(page)
    point = select_point(page)
    page.keyboard.press("Escape")
    open_view(page, address, f"?dataset=words&method={own[:-3]}&layer=1&head=2")
    assert fingerprint(page) == best
    page.keyboard.press("6")
    expect(page.locator(".bar__detail")).to_contain_text("(best)")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".bar__title")).to_have_text("Layer 1, head 1")
    assert query_of(page)["method"] == "best"
    assert point["token"] >= 0


def wording(recall: float, label: str) -> re.Pattern[str]:
    """Return what the name of a head says of its map."""
    return re.compile(rf"{recall:.2f} recall@10.*, {label}$")


def methods(page: Page) -> list[dict[str, str]]:
    """Return the methods in the words of the server."""
    return fetch_json(page, "api/v1/datasets")["methods"]


POSITIONS = """async (path) => {
  const answer = await fetch(path);
  return [...new Uint16Array(await answer.arrayBuffer())];
}"""


def n_strongest_that_are_near(page: Page, point: int) -> int:
    """Count, from the server's own numbers, the ten strongest keys among the ten nearest."""
    base = "api/v1/datasets/words"
    flat = page.evaluate(POSITIONS, f"{base}/projections/pca-2d?layer=1&head=2")
    places = np.array(flat, dtype=float).reshape(-1, 2)
    n = len(places) // 2
    near = np.argsort(((places[n:] - places[point]) ** 2).sum(axis=1), kind="stable")[:10]
    partners = fetch_json(page, f"{base}/heads/1/2/neighbours/{point}?k=10")["partners"]
    return len(set(near.tolist()) & {partner["token"] for partner in partners})


def test_legend_and_tooltip_count_strongest_keys_among_the_nearest(
    page: Page, address: str
) -> None:
    view = "?dataset=words&method=pca&layer=1&head=2&selected=query-40&labels=off"
    open_view(page, address, view)
    n_both = n_strongest_that_are_near(page, 40)
    own = wait_until(lambda: page.evaluate(LINES), "attention lines are drawn")
    kinds = page.locator(".line-legend__kind:visible")
    expect(kinds).to_have_count(1)
    page.get_by_label("Strongest and nearest").check()
    expect(page.locator(".line-legend__judged")).to_contain_text(
        f"{n_both} of its 10 strongest keys (dashed) are among the 10 nearest here"
    )
    expect(kinds).to_have_count(3)
    wait_until(lambda: page.evaluate(LINES) > own, "more lines are drawn")
    assert query_of(page)["strongest"] == "on"
    page.get_by_label("Attention lines").uncheck()
    expect(kinds).to_have_count(2)

    view = "?dataset=words&method=pca&layer=1&head=2&labels=off&strongest=on"
    open_view(page, address, view)
    x, y = find_point(page, "query")
    sheet = page.locator(".tooltip")
    expect(sheet).to_contain_text("of its 10 strongest keys (dashed) are among the 10 nearest here")
    told = sheet.inner_text()
    wait_until(lambda: page.evaluate(LINES) > 0, "lines are drawn from it")
    page.mouse.click(x, y)
    n_both = n_strongest_that_are_near(page, selected(page)["token"])
    assert f"{n_both} of its 10 strongest" in told
    page.keyboard.press("Escape")
    page.mouse.move(5, 5)
    wait_until(lambda: page.evaluate(LINES) == 0, "nothing is drawn where the mouse left")
