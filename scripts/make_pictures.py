"""Take the pictures of README in a headless Chromium: of the demo datasets, and of case studies.

``python scripts/make_pictures.py [--data-dir data/built] [--output data/pictures]``; `make demo`
must have been run before. The case studies build their own small datasets in ``build/studies``.
Each picture is one address of the page, so that a reader can open the same view.
"""

import argparse
import sys
import urllib.parse
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from attentionviz.core.terminal import write_any_text

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
PORT = 8578
STUDIES_DIR = ROOT / "build" / "studies"
VIEWPORT = {"width": 1400, "height": 900}

# Name of the picture, theme, query string.
VIEWS = [
    ("grid-demo-bert", "light", "dataset=demo-bert&method=attention-tsne"),
    ("grid-demo-gpt2", "dark", "dataset=demo-gpt2&method=attention-tsne&color=position"),
    ("grid-demo-vit", "light", "dataset=demo-vit&method=attention-tsne"),
    ("head-2d", "light", "dataset=demo-bert&method=attention-tsne&layer=1&head=2&color=position"),
    ("head-3d", "dark", "dataset=demo-gpt2&method=biplot&dims=3&layer=0&head=1&color=position"),
    (
        "sentence",
        "light",
        "dataset=demo-gpt2&method=attention-tsne&layer=0&head=7&selected=query-30",
    ),
    (
        "image",
        "light",
        "dataset=demo-vit&method=attention-tsne&layer=1&head=2&selected=query-300",
    ),
    ("search", "light", "dataset=demo-bert&method=attention-tsne&search=april"),
    ("scores", "light", "dataset=demo-gpt2&method=best&score=induction&order=induction"),
    (
        "misleading",
        "dark",
        "dataset=demo-bert&method=tsne&layer=4&head=7&selected=query-5&strongest=on",
    ),
    (
        "compare",
        "light",
        "dataset=demo-bert&method=attention-tsne&layer=2&head=3&selected=query-30"
        "&compare.dataset=demo-gpt2&compare.method=attention-tsne&compare.layer=1&compare.head=4",
    ),
]


def wait_for_map(page: Page) -> None:
    """Return once the first map is drawn and its colours and images have come."""
    for _ in range(150):
        if page.evaluate("performance.getEntriesByName('first-map').length"):
            page.wait_for_timeout(1500)
            return
        page.wait_for_timeout(100)
    raise RuntimeError("no map was drawn in 15 s")


def take(browser: Browser, address: str, theme: str, path: Path) -> None:
    """Open one address and write its picture."""
    page = browser.new_page(viewport=VIEWPORT, color_scheme=theme)
    page.goto(address)
    wait_for_map(page)
    page.screenshot(path=path)
    page.close()
    print(path)


def take_all(data_dir: Path, views: list[tuple[str, str, str]], output: Path) -> None:
    """Serve a data folder and take the picture of every view: name, theme, query string."""
    from scripts.benchmarks import serving
    from tests.browser.conftest import ARGUMENTS, find_chromium

    with serving.running_server(data_dir, PORT), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        for name, theme, query in views:
            take(browser, f"http://localhost:{PORT}/?{query}", theme, output / f"{name}.png")
        browser.close()


def study_views() -> list[tuple[str, str, str]]:
    """Build the datasets of the case studies where they lack, and return their views."""
    from scripts.case_studies import STUDIES, build_all

    build_all(STUDIES_DIR)
    views = []
    for study in STUDIES:
        finding = study.find(STUDIES_DIR)
        print(study.name, finding.numbers)
        views.append((study.name, study.theme, urllib.parse.urlencode(finding.view)))
    return views


def main() -> None:
    """Take every picture."""
    write_any_text()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, default=ROOT / "data" / "built")
    parser.add_argument("--output", type=Path, default=ROOT / "data" / "pictures")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    take_all(arguments.data_dir, VIEWS, arguments.output)
    take_all(STUDIES_DIR, study_views(), arguments.output)


if __name__ == "__main__":
    main()
