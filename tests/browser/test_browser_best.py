"""The best map of each head, chosen by how true it is."""

import re

from playwright.sync_api import Page, expect
from tests.browser.page_driver import (
    fetch_json,
    fingerprint,
    open_view,
    query_of,
    select_point,
    wait_until,
)

ORDER = ["biplot", "pca", "attention-tsne", "tsne", "umap"]


def best_maps(page: Page) -> list[str]:
    """Return the 2-D map of every head with the highest recall, as the server's numbers say."""
    heads = fetch_json(page, "api/v1/datasets/words/heads")["heads"]
    maps = [
        [f"{method}-2d" for method in ORDER if f"{method}-2d" in head["maps"]] for head in heads
    ]
    return [
        max(names, key=lambda name: head["maps"][name]["fidelity"]["recall_at_10"])
        for head, names in zip(heads, maps, strict=True)
    ]


def test_each_head_of_the_grid_shows_its_best_map_and_says_which(page: Page, address: str) -> None:
    open_view(page, address, "?dataset=words&method=pca")
    pca = fingerprint(page)
    page.get_by_role("radio", name="Best").check()
    wait_until(lambda: fingerprint(page) != pca, "other maps are drawn")
    assert query_of(page)["method"] == "best"
    best = best_maps(page)
    heads = fetch_json(page, "api/v1/datasets/words/heads")["heads"]
    labels = {method["name"]: method["label"] for method in methods(page)}
    for i, (head, name) in enumerate(zip(heads, best, strict=True)):
        recall = head["maps"][name]["fidelity"]["recall_at_10"]
        cell = page.locator(".cell").nth(i)
        expect(cell).to_have_attribute("aria-label", wording(recall, labels[name[:-3]]))
    n_most = max(best.count(name) for name in best)
    expect(page.locator(".bar__detail")).to_contain_text(f"Best, 2-D: {n_most} × ")


def wording(recall: float, label: str) -> re.Pattern[str]:
    """Return what the name of a head says of its map."""
    return re.compile(rf"{recall:.2f} recall@10.*, {label}$")


def methods(page: Page) -> list[dict[str, str]]:
    """Return the methods in the words of the server."""
    return fetch_json(page, "api/v1/datasets")["methods"]


def test_an_open_head_has_the_map_that_is_its_best_and_keeps_the_choice(
    page: Page, address: str
) -> None:
    open_view(page, address, "?dataset=words&method=best&layer=1&head=2")
    own = best_maps(page)[1 * 4 + 2]
    label = next(m["label"] for m in methods(page) if m["name"] == own[:-3])
    expect(page.locator(".bar__detail")).to_have_text(f"{label}, 2-D: best of this head")
    best = fingerprint(page)
    point = select_point(page)
    page.keyboard.press("Escape")
    open_view(page, address, f"?dataset=words&method={own[:-3]}&layer=1&head=2")
    assert fingerprint(page) == best
    page.keyboard.press("6")
    expect(page.locator(".bar__detail")).to_contain_text("best of this head")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".bar__title")).to_have_text("Layer 1, head 1")
    assert query_of(page)["method"] == "best"
    assert point["token"] >= 0


def test_where_a_dataset_lacks_maps_of_these_dimensions_there_is_no_best(
    page: Page, address: str
) -> None:
    open_view(page, address, "?dataset=few-maps&method=best")
    expect(page.get_by_role("radio", name="Best")).to_be_checked()
    expect(page.locator(".bar__detail")).to_contain_text("PCA")
    page.get_by_role("radio", name="3-D").check()
    expect(page.locator(".bar__detail")).to_contain_text("UMAP")
