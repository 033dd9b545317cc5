"""Class token, four registers and 3 x 5 patches: every number lies where it belongs."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from tests.browser.page_driver import fetch_json, open_view, query_of, wait_until
from tests.support.fake_dataset import FakeSpec, write_fake_dataset

N_ROWS, N_COLUMNS, N_PREFIX = 3, 5, 5
PER_IMAGE = N_PREFIX + N_ROWS * N_COLUMNS
PATTERN = """async (path) => {
  const answer = await fetch(`api/v1/${path}`);
  return [...new Float32Array(await answer.arrayBuffer())];
}"""
# The second image of two; a query of each kind of token: class, third register, a patch.
QUERIES = {"class token": 0, "register": 3, "patch": N_PREFIX + 7}


@pytest.fixture(scope="module")
def registers_address(
    serve: Callable[[Path], str], tmp_path_factory: pytest.TempPathFactory
) -> str:
    """Return the address of two wide images."""
    folder = tmp_path_factory.mktemp("registers")
    spec = FakeSpec(
        "registers",
        modality="image",
        n_layers=1,
        n_tokens=2 * PER_IMAGE,
        maps=("pca-2d",),
        patch_rows=N_ROWS,
        patch_columns=N_COLUMNS,
        n_registers=N_PREFIX - 1,
        seed=5,
    )
    write_fake_dataset(folder, spec)
    return serve(folder)


@pytest.fixture
def plain(page: Page) -> Iterator[Page]:
    """Return a page whose images are black, so that all light comes from the heat."""
    buffer = io.BytesIO()
    Image.new("RGB", (N_COLUMNS * 32, N_ROWS * 32)).save(buffer, format="PNG")
    page.route(
        "**/images/*", lambda route: route.fulfill(body=buffer.getvalue(), content_type="image/png")
    )
    yield page


def show(page: Page, address: str, position: int) -> list[float]:
    """Select a query of the second image; return its row of the pattern."""
    token = PER_IMAGE + position
    open_view(page, address, f"?layer=0&head=1&selected=query-{token}")
    pattern = page.evaluate(PATTERN, "datasets/registers/heads/0/1/attention/1")
    row = pattern[position * PER_IMAGE : (position + 1) * PER_IMAGE]
    first = page.locator(f".image [data-position='{position}']")
    expect(first).to_have_attribute(
        "aria-label", f"{name_of(position)}, weight {row[position]:.3f}"
    )
    return row


def name_of(position: int) -> str:
    """Return what the page calls a token."""
    if position == 0:
        return "class token"
    if position < N_PREFIX:
        return "register"
    row, column = divmod(position - N_PREFIX, N_COLUMNS)
    return f"patch, row {row}, column {column}"


def test_heat_covers_attended_patches_and_registers_are_beside_the_image(
    plain: Page, registers_address: str
) -> None:
    for query in QUERIES.values():
        weights = show(plain, registers_address, query)
        plain.mouse.move(600, 20)
        shot = Image.open(io.BytesIO(plain.locator(".image__frame").screenshot())).convert("RGB")
        assert shot.width / shot.height == pytest.approx(N_COLUMNS / N_ROWS, rel=0.02)
        patches = range(N_PREFIX, PER_IMAGE)
        largest = max(weights)
        shares = [weights[position] / largest for position in patches]
        # The heavier, the lighter and the less transparent.
        for one, share in zip(patches, shares, strict=True):
            for other, less in zip(patches, shares, strict=True):
                if share > less + 0.25:
                    names = (name_of(query), name_of(one), name_of(other))
                    assert light(shot, one) > light(shot, other), names

    require_no_token_for_another(plain, registers_address)


def light(shot: Image.Image, position: int) -> int:
    """Return how light a patch is beside its corner; its weight may stand in the middle."""
    row, column = divmod(position - N_PREFIX, N_COLUMNS)
    x, y = (column + 0.15) * shot.width / N_COLUMNS, (row + 0.15) * shot.height / N_ROWS
    pixel: Any = shot.getpixel((int(x), int(y)))
    return sum(pixel)


def require_no_token_for_another(plain: Page, registers_address: str) -> None:
    """Fail where class token, registers and patches are taken for one another."""
    weights = show(plain, registers_address, QUERIES["patch"])
    beside = plain.locator(".image__prefix .image__token")
    assert beside.all_inner_texts() == ["class token", *["register"] * 4]
    patches = plain.locator(".image__patches .image__patch")
    expect(patches).to_have_count(N_ROWS * N_COLUMNS)
    for place, buttons in ((0, beside), (N_PREFIX, patches)):
        for i, button in enumerate(buttons.all()):
            words = f"{name_of(place + i)}, weight {weights[place + i]:.3f}"
            expect(button).to_have_attribute("aria-label", words)
    box, first = plain.locator(".image__patches").bounding_box(), patches.first.bounding_box()
    assert box is not None and first is not None
    assert (first["x"], first["y"]) == pytest.approx((box["x"], box["y"]), abs=1)
    # The first patch is the sixth token, and selecting a register selects no patch.
    patches.first.click()
    assert query_of(plain)["selected"] == f"query-{PER_IMAGE + N_PREFIX}"
    beside.nth(2).click()
    assert query_of(plain)["selected"] == f"query-{PER_IMAGE + 2}"
    expect(plain.locator(".panel__chosen")).to_contain_text(
        f"register query, position 3 of {PER_IMAGE}"
    )
    expect(patches.and_(plain.locator("[aria-pressed=true]"))).to_have_count(0)

    weights = show(plain, registers_address, QUERIES["patch"])
    plain.get_by_role("button", name="Hide registers").click()
    hidden = {f"{kind}-{i}" for kind in ("query", "key") for i in range(1, N_PREFIX)}
    assert set(query_of(plain)["hidden"].split(".")) == hidden
    kept = 1 - sum(weights[1:N_PREFIX])
    for position in (0, N_PREFIX, PER_IMAGE - 1):
        wanted = f"{name_of(position)}, weight {weights[position] / kept:.3f}"
        button = plain.locator(f".image [data-position='{position}']")
        wait_until(
            lambda b=button, w=wanted: b.get_attribute("aria-label") == w, f"{wanted} is told"
        )
    columns = fetch_json(plain, "api/v1/datasets/registers/tokens")
    assert columns["token_type"][PER_IMAGE : PER_IMAGE + 6] == ["class", *["register"] * 4, "patch"]
