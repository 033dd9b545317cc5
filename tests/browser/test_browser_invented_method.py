"""A projection method that only the server knows: the page shows it as it is to be read."""

import re
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from tests.browser.page_driver import fetch_json, open_view
from tests.support.extra_method_server import LABEL, NAME

BASE = "api/v1/datasets/text"
POINT = 27
READ = "async (path) => [...new Uint16Array(await (await fetch(path)).arrayBuffer())]"


@pytest.fixture(scope="module")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a server with one more method, whose nearness is a product."""
    command = [sys.executable, "-m", "tests.support.extra_method_server"]
    command.append(str(tmp_path_factory.mktemp("invented")))
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/"
        assert process.stdin is not None
        process.stdin.close()


def counts(page: Page, name: str) -> dict[str, int]:
    """Return how many of the ten strongest keys are among the nearest, by product and distance."""
    facts = fetch_json(page, f"{BASE}/heads/0/0")["maps"][name]
    flat = page.evaluate(READ, f"{BASE}/projections/{name}?layer=0&head=0")
    places = np.array(facts["offset"]) + facts["scale"] * np.reshape(flat, (-1, 2))
    queries, keys = np.split(places, 2)
    partners = fetch_json(page, f"{BASE}/heads/0/0/neighbours/{POINT}?k=10")["partners"]
    strongest = {partner["token"] for partner in partners}
    farness = {
        "product": -keys @ queries[POINT],
        "distance": ((keys - queries[POINT]) ** 2).sum(axis=1),
    }
    return {
        nearness: len(strongest & set(np.argsort(far, kind="stable")[:10].tolist()))
        for nearness, far in farness.items()
    }


def test_an_unknown_method_of_the_server_sets_nearness_best_map_and_form(
    page: Page, invented: str
) -> None:
    for method, nearness in ((NAME, "product"), ("pca", "distance")):
        name = f"{method}-2d"
        view = f"?dataset=text&method={method}&layer=0&head=0&selected=query-{POINT}&strongest=on"
        open_view(page, invented, view)
        assert fetch_json(page, BASE)["nearness"] == {f"{NAME}-2d": "product", "pca-2d": "distance"}
        found = counts(page, name)
        assert found["product"] != found["distance"], "the point tells the two apart"
        judged = page.locator(".line-legend__judged")
        expect(judged).to_contain_text(f"{found[nearness]} of its 10 strongest")
        page.get_by_role("button", name="About: Map fidelity").click()
        note = page.get_by_text("the farther out it lies in the query’s direction")
        expect(note).to_be_visible(visible=nearness == "product")

    open_view(page, invented, "?dataset=text&method=best")
    labels = {f"{NAME}-2d": LABEL, "pca-2d": "PCA"}
    best = [labels[name] for name in fetch_json(page, f"{BASE}/heads")["best_maps"]["best-2d"]]
    assert len(set(best)) == 2, "the heads have different best maps"
    for i, label in enumerate(best):
        expect(page.locator(".cell").nth(i)).to_have_attribute(
            "aria-label", re.compile(f", {label}$")
        )
    page.get_by_role("button", name="New dataset").click()
    for name, is_chosen in ((LABEL, True), ("Biplot", True), ("PCA", False)):
        box = page.get_by_role("dialog").get_by_role("checkbox", name=name, exact=True)
        expect(box).to_be_checked(checked=is_chosen)
