"""Take the pictures of docs/your-own.md: a sentence is typed, an image dropped, a dataset built.

``python scripts/make_story.py [--data-dir data/built] [--output docs/pictures]``; `make demo` must
have been run before. The new dataset is built in a folder of its own, and forgotten.
"""

import argparse
import csv
import io
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from attentionviz.core.terminal import write_any_text

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
PORT = 8579
VIEWPORT = {"width": 1400, "height": 900}
SENTENCE = "The river rose again in April."
# A model is loaded from disk, or a small dataset built, in this time on any machine.
TIMEOUT_MS = 180_000
Keep = Callable[[str], None]


def open_page(page: Page, query: str) -> None:
    """Open one view and wait until its map is drawn."""
    from scripts.make_pictures import wait_for_map

    page.goto(f"http://localhost:{PORT}/?{query}")
    wait_for_map(page)


def type_a_sentence(page: Page, keep: Keep) -> None:
    """Type a sentence, look at it in every head and in one, and change a token of it."""
    open_page(page, "dataset=demo-bert&method=attention-tsne")
    page.keyboard.press("y")
    page.keyboard.type(SENTENCE)
    page.keyboard.press("Enter")
    expect(page.locator(".user-sequences__note")).to_contain_text("placed")
    keep("sentence-1-every-head")
    page.get_by_label("Layer", exact=True).fill("1")
    page.get_by_label("Head", exact=True).fill("8")
    page.get_by_label("Head", exact=True).press("Enter")
    keep("sentence-2-one-head")
    item = page.locator(".user-sequences__item").first
    item.get_by_role("button", name="Edit").click()
    keep("sentence-3-edit")


def drop_an_image(page: Page, keep: Keep) -> None:
    """Give an image to the model and look at where its patches stand."""
    open_page(page, "dataset=demo-vit&method=attention-tsne&layer=1&head=1")
    image = next((ROOT / "data" / "corpora" / "images").rglob("*.png"))
    page.locator(".user-sequences input[type=file]").set_input_files(image)
    expect(page.locator(".user-sequences__note")).to_contain_text("placed")
    keep("image-1-one-head")


def build_a_dataset(page: Page, keep: Keep) -> None:
    """Give a table to the page, see what it will take, build it and open it."""
    open_page(page, "dataset=demo-gpt2&method=biplot")
    page.get_by_role("button", name="New dataset").click()
    dialog = page.get_by_role("dialog", name="New dataset")
    file = {"name": "diary.csv", "mimeType": "text/csv", "buffer": diary()}
    dialog.locator("input[type=file]").set_input_files([file])
    keep("dataset-1-choose")
    dialog.get_by_role("button", name="Estimate").click()
    job = dialog.get_by_role("listitem").first
    job.get_by_role("button", name="Start").wait_for(timeout=TIMEOUT_MS)
    keep("dataset-2-estimate")
    job.get_by_role("button", name="Start").click()
    expect(job).to_contain_text("Computing maps")
    keep("dataset-3-build")
    expect(job).to_contain_text("Built")
    job.get_by_role("button", name="Open").click()
    keep("dataset-4-open")


def diary() -> bytes:
    """Return a small table: some sentences of the embedded corpus under their column."""
    with (ROOT / "data" / "corpora" / "sentences.csv").open(encoding="utf-8", newline="") as file:
        sentences = [row["text"] for row in csv.DictReader(file)][-28:]
    table = io.StringIO()
    csv.writer(table).writerows([["text"], *([text] for text in sentences)])
    return table.getvalue().encode()


def tell(browser: Browser, theme: str, story: Callable[[Page, Keep], None], output: Path) -> None:
    """Play one story on a page of its own and keep its pictures."""
    page = browser.new_page(viewport=VIEWPORT, color_scheme=theme)
    page.set_default_timeout(20_000)

    def keep(name: str) -> None:
        page.wait_for_timeout(1500)
        page.screenshot(path=output / f"{name}.png")
        print(output / f"{name}.png")

    story(page, keep)
    page.close()


def copy_datasets(source: Path, target: Path) -> None:
    """Copy what is built, so that the story leaves nothing behind."""
    for path in source.iterdir():
        if path.is_dir() and not path.name.startswith("."):
            shutil.copytree(path, target / path.name)
        elif path.is_file():
            shutil.copy(path, target)


def main() -> None:
    """Take every picture."""
    write_any_text()
    from scripts.benchmarks import serving
    from tests.browser.conftest import ARGUMENTS, find_chromium

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, default=ROOT / "data" / "built")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "pictures")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=TIMEOUT_MS)
    with tempfile.TemporaryDirectory() as folder:
        copy_datasets(arguments.data_dir, Path(folder))
        with serving.running_server(Path(folder), PORT, "--allow-jobs"), sync_playwright() as tool:
            browser = tool.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
            for theme, story in (
                ("light", type_a_sentence),
                ("dark", drop_an_image),
                ("light", build_a_dataset),
            ):
                tell(browser, theme, story, arguments.output)
            browser.close()


if __name__ == "__main__":
    main()
