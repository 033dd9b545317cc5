"""Signing in and out as a lab member does it, also below a prefix and on a plain-http lab host."""

import re
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, expect
from tests.browser.conftest import NO_GPU, TEXT, TIMEOUT_MS, launched
from tests.browser.page_driver import expect_map, open_tab, query_of, wait_until
from tests.browser.test_browser_accessibility import grave_findings
from tests.server.conftest import JOBS_TOKEN, READ_TOKEN, write_tokens
from tests.support.reverse_proxy import reverse_proxy

PREFIX = "/lab/attentionviz"
VIEW = f"?dataset={TEXT.dataset_id}&method=pca&layer=1&head=2&search=the%2C%20a"
NO_ENTRY = "status of 401"


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    """Return a token file that the test may change."""
    return write_tokens(tmp_path / "tokens")


@pytest.fixture
def shared(serve: Callable[..., str], built: Path, tokens: Path) -> str:
    """Return the address of a server that asks for tokens."""
    return serve(built, token_file=tokens)


@pytest.fixture
def visitor(page: Page) -> Page:
    """Return a page whose refusals are no complaint."""
    page.expected.append(NO_ENTRY)
    return page


def field(page: Page) -> Locator:
    return page.get_by_label("Token", exact=True)


def fill(page: Page, token: str = READ_TOKEN) -> None:
    field(page).fill(token)
    page.get_by_role("button", name="Sign in").click()


def test_sign_in_shows_the_view_of_the_address_and_sign_out_ends_the_session(
    visitor: Page, context: BrowserContext, shared: str
) -> None:
    visitor.goto(shared + VIEW)
    visitor.wait_for_url(re.compile(r"/login\?next="))
    expect(field(visitor)).to_be_focused()
    fill(visitor, "x" * 40)
    expect(visitor.get_by_role("alert")).to_have_text(
        "Unknown token; ask whoever runs this server for one."
    )
    expect(field(visitor)).to_have_attribute("aria-invalid", "true")
    fill(visitor)
    expect_map(visitor)
    found = query_of(visitor)
    assert (found["dataset"], found["head"], found["search"]) == (TEXT.dataset_id, "2", "the, a")
    assert "login" not in visitor.url
    leave = visitor.get_by_role("button", name="Sign out")
    expect(leave).to_have_attribute("title", "Sign out ada (may look at everything)")

    other = shared.replace("127.0.0.1", "localhost")
    page = context.new_page()
    page.route(f"{other}elsewhere", lambda route: route.fulfill(
        content_type="text/html", body=f'<a href="{shared}{VIEW}">look</a>'))  # fmt: skip
    page.goto(f"{other}elsewhere")
    page.get_by_role("link", name="look").click()
    expect_map(page)
    assert "login" not in page.url
    page.close()

    leave.click()
    expect(field(visitor)).to_be_visible()
    assert context.cookies() == []
    visitor.goto(shared + VIEW)
    expect(field(visitor)).to_be_visible()


def test_a_token_in_the_address_signs_in_and_is_removed(
    visitor: Page, shared: str, address: str
) -> None:
    addresses: list[str] = []
    visitor.on("request", lambda asked: addresses.append(asked.url))
    visitor.goto(f"{shared}{VIEW}#token={READ_TOKEN}")
    visitor.wait_for_url(re.compile(r"/\?dataset="))
    expect_map(visitor)
    assert READ_TOKEN not in visitor.url
    assert visitor.evaluate("location.hash") == ""
    assert not [one for one in addresses if READ_TOKEN in one.partition("#")[0]]
    visitor.go_back()
    assert READ_TOKEN not in visitor.url

    visitor.goto("about:blank")  # another token takes the place of a session
    visitor.goto(f"{shared}{VIEW}#token={JOBS_TOKEN}")
    leave = visitor.get_by_role("button", name="Sign out")
    expect(leave).to_have_attribute("title", "Sign out grace (may build datasets)")

    visitor.context.clear_cookies()  # a wrong token ends at the form
    visitor.goto("about:blank")
    visitor.goto(f"{shared}{VIEW}#token={'x' * 40}")
    expect(visitor.get_by_role("alert")).to_contain_text("Unknown token")
    assert "xxxx" not in visitor.url

    visitor.context.clear_cookies()  # a server for one only takes it away
    visitor.goto("about:blank")
    visitor.goto(f"{address}{VIEW}#token={READ_TOKEN}")
    expect_map(visitor)
    assert visitor.evaluate("location.hash") == ""
    expect(visitor.get_by_role("button", name="Sign out")).to_be_hidden()


def test_an_expired_session_is_reported_and_its_view_restored(
    visitor: Page, shared: str, tokens: Path
) -> None:
    visitor.goto(shared + VIEW)
    fill(visitor)
    expect_map(visitor)
    write_tokens(tokens, f"read {JOBS_TOKEN} grace")
    visitor.keyboard.press("2")
    dialog = visitor.get_by_role("dialog", name="You are signed out")
    dialog.get_by_role("button", name="Keep viewing").click()
    expect(dialog).to_be_hidden()
    visitor.keyboard.press("d")
    expect(dialog).to_be_visible()
    before = query_of(visitor)
    expect(dialog.get_by_role("link", name="Sign in")).to_be_focused()
    visitor.keyboard.press("Enter")
    fill(visitor, JOBS_TOKEN)
    expect_map(visitor)
    assert query_of(visitor) == before


def test_the_sign_in_form_is_accessible_and_works_without_javascript(
    visitor: Page, chromium_without_gpu: Browser, shared: str
) -> None:
    visitor.goto(f"{shared}login")
    fill(visitor, "x" * 40)
    expect(visitor.get_by_role("alert")).to_be_visible()
    for scheme, width in product(("light", "dark"), (1440, 390)):
        visitor.emulate_media(color_scheme=scheme)
        visitor.set_viewport_size({"width": width, "height": 844})
        assert grave_findings(visitor) == [], (scheme, width)
        assert visitor.evaluate("document.documentElement.scrollWidth") <= width

    context = chromium_without_gpu.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{shared}login?next=%3Fdataset%3Dwords")
    fill(page)
    page.wait_for_url(f"{shared}?dataset=words")
    assert [cookie["httpOnly"] for cookie in context.cookies()] == [True]
    context.close()


def test_the_page_works_below_the_prefix_of_a_proxy(
    visitor: Page, serve: Callable[..., str], built: Path, tokens: Path
) -> None:
    failed: list[str] = []
    visitor.on("response", lambda got: failed.append(got.url) if got.status == 404 else None)
    server = serve(
        built,
        token_file=tokens,
        trusted_proxies=("127.0.0.1",),
        allowed_hosts=("viz.lab.example",),
    )
    with reverse_proxy(server, PREFIX, strips=True, X_Forwarded_Prefix=PREFIX) as address:
        visitor.goto(address + VIEW)
        visitor.wait_for_url(re.compile(rf"{PREFIX}/login"))
        fill(visitor)
        expect_map(visitor)
        assert visitor.evaluate("location.pathname") == f"{PREFIX}/"
        assert [cookie["path"] for cookie in visitor.context.cookies()] == [f"{PREFIX}/"]
        visitor.keyboard.press("g")
        visitor.get_by_role("combobox", name="Dataset").select_option("pictures")
        visitor.wait_for_url(re.compile("dataset=pictures"))
        expect_map(visitor)
        open_tab(visitor, "Find")
        visitor.get_by_role("button", name="Browse images").click()
        picture = visitor.locator(".sequences__image").first
        wait_until(lambda: picture.evaluate("img => img.naturalWidth > 0"), "a thumbnail is there")
        visitor.keyboard.press("Escape")
        visitor.get_by_role("button", name="Sign out").click()
        expect(field(visitor)).to_be_visible()
        assert visitor.context.cookies() == []
        assert failed == []


def test_sign_in_works_on_plain_http_below_a_prefix(
    playwright: Playwright, serve: Callable[..., str], built: Path, tokens: Path
) -> None:
    """There browsers send no Sec-Fetch-Site; the Origin of the form is what counts."""
    server = serve(
        built,
        token_file=tokens,
        url_prefix=PREFIX,
        trusted_proxies=("127.0.0.1",),
        allowed_hosts=("viz.lab.example",),
    )
    rule = "--host-resolver-rules=MAP viz.lab.example 127.0.0.1"
    with launched(playwright, [*NO_GPU, rule]) as browser:
        for strips in (True, False):
            page = browser.new_page()
            page.set_default_timeout(TIMEOUT_MS)
            failed: list[str] = []
            page.on(
                "response",
                lambda got, to=failed: to.append(got.url) if got.status == 404 else None,
            )
            with reverse_proxy(server, PREFIX, strips=strips) as address:
                page.goto(address.replace("127.0.0.1", "viz.lab.example") + VIEW)
                # A script evaluated before it would end with its page.
                expect(field(page)).to_be_visible()
                assert not page.evaluate("isSecureContext")
                fill(page)
                expect_map(page)
                assert query_of(page)["head"] == "2"
                assert [cookie["path"] for cookie in page.context.cookies()] == [f"{PREFIX}/"]
                page.get_by_role("button", name="Sign out").click()
                expect(field(page)).to_be_visible()
                assert page.context.cookies() == []
            assert failed == []
            page.close()


def test_the_header_of_a_shared_server_fits_narrow_windows(
    visitor: Page, serve: Callable[..., str], built: Path, tokens: Path
) -> None:
    address = serve(built, token_file=tokens, allow_jobs=True)
    visitor.goto(f"{address}{VIEW}#token={JOBS_TOKEN}")
    expect(visitor.get_by_role("button", name="Sign out")).to_be_visible()
    expect(visitor.get_by_role("button", name="All datasets")).to_be_visible()
    inner = "parts => parts.map((one) => one.scrollWidth - one.clientWidth)"
    edges = "parts => parts.map((one) => one.getBoundingClientRect().right)"
    for width in (980, 1024, 1280, 1440):
        visitor.set_viewport_size({"width": width, "height": 800})
        assert visitor.locator(".header > .segments").evaluate_all(inner) == [0, 0]
        assert max(visitor.locator(".header button:visible").evaluate_all(edges)) <= width
