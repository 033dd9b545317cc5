"""A dataset from a file of the visitor's: chosen, estimated, started, watched, opened; or not."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.page_driver import expect_map, open_view, query_of, wait_until
from tests.browser.test_browser_accessibility import grave_findings
from tests.support.fake_dataset import FakeSpec, write_fake_dataset
from tests.support.job_server import TEXT, JobServer

HOSTILE = "<img src=x onerror=alert(1)>.csv"
WORDS = FakeSpec("words", n_layers=2, n_heads=2, n_tokens=100)


@pytest.fixture
def server(tmp_path: Path, tiny_bert: Path) -> Iterator[JobServer]:
    """Return a server of its own over one dataset, whose jobs build fake ones.

    Tests name it before the page, which then ends before it and never asks it in vain.
    """
    write_fake_dataset(tmp_path / "built", WORDS)
    made = JobServer(tmp_path / "built", tiny_bert, is_stub=True)
    yield made
    made.stop()


def address_of(server: JobServer) -> str:
    return server.address.replace("localhost", "127.0.0.1") + "/"


def open_dialog(page: Page, server: JobServer) -> Locator:
    open_view(page, address_of(server), "?dataset=words")
    page.get_by_role("button", name="New dataset").click()
    dialog = page.get_by_role("dialog", name="New dataset")
    expect(dialog).to_be_visible()
    return dialog


def choose(dialog: Locator, name: str, content: bytes) -> None:
    file = {"name": name, "mimeType": "text/csv", "buffer": content}
    dialog.locator("input[type=file]").set_input_files([file])


def drop(page: Page, place: Locator, name: str) -> None:
    make = """name => {
      const data = new DataTransfer();
      data.items.add(new File(['text\\na b'], name));
      return data;
    }"""
    place.dispatch_event("drop", {"dataTransfer": page.evaluate_handle(make, name)})


def choose_maps(dialog: Locator, *names: str) -> None:
    for box in dialog.get_by_role("group", name="Maps").get_by_role("checkbox").all():
        label = box.locator("xpath=..").inner_text()
        box.set_checked(label in names)


def item(dialog: Locator, dataset_id: str) -> Locator:
    return dialog.get_by_role("listitem").filter(has_text=dataset_id)


def test_an_uploaded_table_becomes_a_dataset_after_errors_are_shown(
    server: JobServer, page: Page
) -> None:
    open_view(page, address_of(server), "?dataset=words")
    button = page.get_by_role("button", name="New dataset")
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="New dataset")
    expect(dialog.locator("input[type=file]")).to_be_focused()
    require_wrong_choices_are_said(page, dialog)
    assert server.ask("GET")[1] == {"jobs": []}, "nothing is sent before it is right"
    require_all_fits_a_small_window(page, dialog)

    require_what_is_wrong_with_a_file_is_said(page, dialog)
    choose(dialog, "My Reviews.csv", TEXT)
    expect(dialog.get_by_label("Name of the dataset")).to_have_value("tiny-bert-my-reviews")
    choose_maps(dialog, "PCA")
    dialog.get_by_label("Skip and count").check()
    dialog.get_by_label("Stored queries and keys").select_option("none")
    expect(dialog.get_by_text("No attention of a sequence")).to_be_visible()
    dialog.locator("input[type=file]").focus()
    estimate_by_keys(page)
    job = item(dialog, "tiny-bert-my-reviews")
    expect(job).to_contain_text("My Reviews.csv")
    expect(job).to_contain_text(
        re.compile(r"About \d+ (s|min) and .*B: \d+ tokens in 2 sentences, 4 heads, 4 maps")
    )
    expect(job).to_contain_text("2 rows read, all taken")
    newest = max(server.ask("GET", "")[1]["jobs"], key=lambda one: one["since_utc"])
    assert newest["request"]["skip_bad_sequences"]
    assert newest["request"]["keep_vectors"] == "none"
    assert not (server.data_dir / "tiny-bert-my-reviews.current").exists()
    assert grave_findings(page) == [], "with a job that failed and one that may start"

    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    job.get_by_role("button", name="Start").click()
    expect(job).to_contain_text("Built")
    job.get_by_role("button", name="Open").click()
    expect(dialog).to_be_hidden()
    wait_until(lambda: query_of(page)["dataset"] == "tiny-bert-my-reviews", "it is opened")
    expect_map(page)
    expect(page.get_by_role("combobox", name="Dataset")).to_have_value("tiny-bert-my-reviews")


def require_wrong_choices_are_said(page: Page, dialog: Locator) -> None:
    estimate = dialog.get_by_role("button", name="Estimate")
    estimate.click()
    expect(dialog.get_by_role("alert").first).to_have_text("Choose a file first.")
    expect(dialog.locator("input[type=file]")).to_be_focused()
    choose(dialog, "picture.svg", b"<svg/>")
    expect(dialog.get_by_role("alert").first).to_contain_text("“picture.svg” is not taken")
    drop(page, dialog.locator(".jobs__drop"), "dropped.csv")
    expect(dialog.locator(".jobs__chosen")).to_have_text("dropped.csv, 8 bytes")
    expect(dialog.get_by_role("alert")).to_have_count(0)
    drop(page, dialog.get_by_role("heading", name="Builds"), "beside.csv")
    expect(dialog.locator(".jobs__chosen")).to_have_text("beside.csv, 8 bytes")
    dialog.get_by_label("Name of the dataset").fill("words")
    dialog.get_by_label("Maximum tokens").fill("many")
    estimate.click()
    expect(
        dialog.get_by_text("A dataset of this name exists; choose another name.")
    ).to_be_visible()
    expect(dialog.get_by_text("A whole number such as")).to_be_visible()
    expect(dialog.get_by_label("Name of the dataset")).to_be_focused()
    dialog.get_by_label("Maximum tokens").fill("")


def require_all_fits_a_small_window(page: Page, dialog: Locator) -> None:
    page.set_viewport_size({"width": 390, "height": 640})
    choose(dialog, "a-rather-long-name-" * 6 + ".csv", TEXT)
    wide = "el => el.scrollWidth > el.clientWidth"
    assert not dialog.locator(".jobs__body").evaluate(wide)
    dialog.get_by_role("button", name="Estimate").scroll_into_view_if_needed()
    expect(dialog.get_by_role("button", name="Estimate")).to_be_in_viewport()
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    page.set_viewport_size({"width": 1440, "height": 900})


def require_what_is_wrong_with_a_file_is_said(page: Page, dialog: Locator) -> None:
    """Send a damaged file; it is said in the words of the build, and what to do."""
    choose(dialog, HOSTILE, b"text\ngood\n\xff bad\n")
    dialog.get_by_label("Name of the dataset").fill("bad")
    dialog.get_by_role("button", name="Estimate").click()
    job = item(dialog, "bad")
    words = "line 3: byte 0xFF is not UTF-8; save the file as UTF-8"
    expect(job).to_contain_text(f"Failed: img-src-x-onerror-alert-1.csv, {words}")
    expect(job).to_contain_text(HOSTILE)
    expect(job).to_contain_text("estimate again")
    assert job.get_by_role("button", name="Start").count() == 0


def estimate_by_keys(page: Page) -> None:
    reached: list[str] = []
    while len(reached) < 14 and reached[-1:] != ["Estimate"]:
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent"))
    assert reached[-1] == "Estimate", reached
    page.keyboard.press("Enter")


def test_a_build_shows_progress_can_be_cancelled_and_is_refused_if_busy(
    server: JobServer, page: Page
) -> None:
    server.hold("build")
    dialog = open_dialog(page, server)
    choose(dialog, "long.csv", TEXT)
    dialog.get_by_role("checkbox", name="3-D").check()
    dialog.get_by_role("button", name="Estimate").click()
    job = item(dialog, "tiny-bert-long")
    job.get_by_role("button", name="Start").click()
    expect(job.get_by_role("progressbar")).to_be_visible()
    expect(job).to_contain_text("Computing maps")
    job.get_by_role("button", name="Cancel").click()
    expect(job).to_contain_text("Cancelled")
    job.get_by_role("button", name="Remove").click()
    expect(job).to_have_count(0)
    assert list((server.data_dir / ".staging").iterdir()) == []

    job_id = server.begin("unseen")
    expect(item(dialog, "unseen").get_by_role("progressbar")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    server.release("build")
    server.wait(job_id, "done")
    expect(page.get_by_text("The dataset “unseen” is built.")).to_be_visible()

    server.hold("estimate")
    page.expected += ["503"]  # type: ignore[attr-defined]
    for i in range(8):
        server.post(f"d{i}")
    page.get_by_role("button", name="New dataset").click()
    choose(dialog, "mine.csv", TEXT)
    dialog.get_by_role("button", name="Estimate").click()
    expect(dialog.get_by_text("8 jobs are waiting already")).to_be_visible()
    expect(dialog.locator(".jobs__chosen")).to_contain_text("mine.csv")
