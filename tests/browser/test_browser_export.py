"""An exported site on a plain web host: the page works, and says what the server would say."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.browser.page_driver import fingerprint, open_view, query_of, select_point, wait_until

from attentionviz.commands.export import export_site
from attentionviz.settings.settings import Settings

SOURCES = Path(__file__).resolve().parents[2] / "frontend" / "js"
# Asks the same of a server and of a site, through the page's own modules; numbers as plain lists.
ASK = """async ([site, server, name, parts]) => {
  const { createApi } = await import(new URL('sources/data/api.js', document.baseURI).href);
  const { createSite } = await import(new URL('sources/site/site.js', document.baseURI).href);
  const ask = (...all) => fetch(...all);
  const apis = [createApi(site, createSite(site), true), createApi(server, ask)];
  const plain = (value) => JSON.parse(JSON.stringify(value, (_, part) => {
    if (part instanceof Map) return [...part];
    return ArrayBuffer.isView(part) ? Array.from(part, (x) => (x === x ? x : null)) : part;
  }));
  const { signal } = new AbortController();
  return Promise.all(apis.map(async (api) => plain(await api[name](...parts, signal))));
}"""


@pytest.fixture(scope="module")
def folder(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that a web host serves, with a site of two datasets below a prefix."""
    made = tmp_path_factory.mktemp("host")
    export_site(
        Settings(data_dir=built),
        ["words", "pictures", "few-maps", "paired-texts", "image-texts"],
        made / "papers" / "site",
    )
    return made


@pytest.fixture(scope="module")
def host(folder: Path) -> Iterator[str]:
    """Return the address of the site on a plain web host."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Keep the terminal of the tests quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/papers/site/"
    server.shutdown()
    server.server_close()


AT = {"layer": 1, "head": 2}
QUESTIONS: list[tuple[str, list[Any]]] = [
    ("description", ["words"]),
    ("tokens", ["pictures"]),
    ("heads", ["words"]),
    ("gridTokens", ["words"]),
    ("gridNorms", ["words"]),
    ("grid", ["words", "pca-2d", 2]),
    ("grid", ["words", "pca-3d", 3]),
    ("grid", ["words", "best-2d", 2]),
    ("headMap", ["words", "biplot-2d", 2, AT]),
    ("headNorms", ["words", AT]),
    ("patches", ["pictures"]),
]
COMPUTED: list[tuple[str, list[Any]]] = [
    *(("attention", ["words", AT, 3, weight]) for weight in ("none", "value", "output")),
    ("aggregate", ["words", AT, 12, "none"]),
    ("aggregate", ["words", AT, 9, "value"]),
    ("aggregates", ["words", 36, "none"]),
    ("sequencePatterns", ["words", 3, "output", None]),
    ("sequencePatterns", ["words", 3, "none", {"kind": "key", "position": 2}]),
    ("tokenScores", ["words", AT]),
    ("partners", ["words", AT, 17, 10]),
    ("partners", ["words", AT, 317, 7]),
    ("sequenceScores", ["words", AT]),
    ("sequenceScores", ["pictures", None]),
    (
        "pairs",
        [
            "words",
            [
                {"query": 5, "key": 17, "isStrong": True},
                {"query": 200, "key": 3, "isStrong": False},
            ],
        ],
    ),
    ("attention", ["pictures", {"layer": 0, "head": 1}, 2, "none"]),
    # A soft cap, a bias by offset, and a sink in layer 0.
    *(("attention", ["few-maps", {"layer": at, "head": 1}, 0, "none"]) for at in (0, 1)),
    ("sequencePatterns", ["few-maps", 0, "value", None]),
    ("sequenceScores", ["few-maps", {"layer": 0, "head": 0}]),
    ("pairs", ["few-maps", [{"query": 3, "key": 1, "isStrong": True}]]),
    # Encoder, decoder and cross heads; patches that see each other in a causal layer.
    *(("attention", ["paired-texts", {"layer": at, "head": 1}, 1, "value"]) for at in range(3)),
    ("sequencePatterns", ["paired-texts", 0, "none", None]),
    ("aggregate", ["paired-texts", {"layer": 2, "head": 0}, 4, "none"]),
    ("tokenScores", ["paired-texts", {"layer": 2, "head": 1}]),
    ("partners", ["paired-texts", {"layer": 2, "head": 1}, 90, 9]),
    ("sequenceScores", ["paired-texts", None]),
    ("pairs", ["paired-texts", [{"query": 3, "key": 1, "isStrong": True}]]),
    ("attention", ["image-texts", {"layer": 0, "head": 1}, 0, "none"]),
    ("sequenceScores", ["image-texts", {"layer": 0, "head": 0}]),
]


@pytest.fixture
def both(page: Page, host: str, address: str) -> Page:
    """Return a page of the server that may also ask the site, and has the page's sources."""
    site = host.removesuffix("/")

    def relay(route: Any) -> None:
        path = route.request.url.removeprefix(f"{address}site")
        answer = page.request.get(site + path)
        route.fulfill(status=answer.status, headers=answer.headers, body=answer.body())

    def give_source(route: Any) -> None:
        route.fulfill(path=SOURCES / route.request.url.removeprefix(f"{address}sources/"))

    page.route(f"{address}site/**", relay)
    page.route(f"{address}sources/**", give_source)
    page.goto(address + "?dataset=words")
    return page


def test_an_exported_site_computes_the_same_responses_as_the_server(
    both: Page, address: str
) -> None:
    for name, parts in QUESTIONS:
        site, server = both.evaluate(ASK, [f"{address}site/", address, name, parts])
        assert site == server, (name, parts)
    for name, parts in COMPUTED:
        site, server = both.evaluate(ASK, [f"{address}site/", address, name, parts])
        assert_close(site, server, f"{name} {parts}")


def assert_close(a: Any, b: Any, where: str) -> None:
    """Compare numbers within the rounding of float32."""
    if isinstance(b, dict):
        assert a.keys() == b.keys(), where
        for name in b:
            assert_close(a[name], b[name], f"{where}, {name}")
    elif isinstance(b, list):
        assert len(a) == len(b), where
        for one, other in zip(a, b, strict=True):
            assert_close(one, other, where)
    elif isinstance(a, float) or isinstance(b, float):
        assert a == pytest.approx(b, abs=2e-5, rel=2e-5), where
    else:
        assert a == b, where


def test_an_exported_site_looks_and_works_like_a_served_page(
    page: Page, host: str, address: str
) -> None:
    view = "?dataset=words&method=biplot&layer=0&head=1"
    open_view(page, address, view)
    served = fingerprint(page)
    open_view(page, host, f"{view}&text=kept&selected=query-999")
    wait_until(lambda: "selected" not in query_of(page), "a token that is not there is given up")
    wait_until(lambda: fingerprint(page) == served, "the site draws the same")
    expect(page.locator(".notices")).to_contain_text("Texts of your own cannot be run here")
    assert page.locator(".header__user-sequences").is_hidden()
    page.keyboard.press("y")
    assert page.locator(".user-sequences").is_hidden()
    expect(page.locator(".unstarted")).to_have_count(0)
    page.keyboard.press("g")
    expect(page.locator(".cell")).to_have_count(12)
    page.locator(".cell").nth(6).click()
    expect(page.locator(".bar__title")).to_have_text("Layer 1, head 2")
    point = select_point(page)
    expect(page.locator(".panel")).to_contain_text("Layer 1, head 2")
    expect(page.locator(".panel .sentence__row, .panel .token").first).to_be_visible()
    assert query_of(page)["selected"] == f"{point['kind']}-{point['token']}"
    page.get_by_role("combobox", name="Dataset").select_option("pictures")
    expect(page.locator(".cell")).to_have_count(6)


def test_an_exported_site_reports_missing_files_and_how_to_serve_it(
    page: Page, host: str, folder: Path
) -> None:
    # A file that got lost on the way to the host.
    page.expected += ["404"]  # type: ignore[attr-defined]
    page.route("**/projections/pca-2d.npy", lambda route: route.fulfill(status=404))
    page.goto(host + "?dataset=words&method=pca")
    expect(page.locator(".message")).to_contain_text("Could not load the maps of all heads.")
    expect(page.locator(".message")).to_contain_text(
        "exported without datasets/words/projections/pca-2d.npy"
    )

    refused = ["CORS policy", "ERR_FAILED", "foreign host: file:"]
    page.expected += refused  # type: ignore[attr-defined]
    page.goto((folder / "papers" / "site" / "index.html").as_uri())
    words = page.get_by_text("python -m http.server --directory FOLDER")
    expect(words).to_be_hidden()  # nothing flashes where the script comes
    page.evaluate("for (const wait of document.getAnimations()) wait.finish()")
    expect(words).to_be_visible()
