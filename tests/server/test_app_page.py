"""The page as it was built, and what of it may leave this machine."""

import gzip
import re
from pathlib import Path

import pytest
from tests.server.conftest import make_app
from tests.support.checked_client import CheckedClient

from attentionviz.errors import PageError
from attentionviz.server.http.page_files import PageFiles

ROOT = Path(__file__).resolve().parents[2]
SCRIPT, OLD_SCRIPT = "main-ABCD0123.js", "main-01234567.js"
SHEET, LOGIN_SHEET, MARK = "index-AAAA0000.css", "login-AAAA1111.css", "mark-BBBB0000.svg"
FILES = {
    "index.html": f"""<!doctype html><title>A</title>
<link rel="icon" href="./page/mark-CCCC0000.svg">
<link rel="stylesheet" href="./page/{SHEET}">
<script type="module" src="./page/{SCRIPT}"></script>""",
    "login.html": f'<title>$words</title><link rel="stylesheet" href="./page/{LOGIN_SHEET}">',
    "builds.json": "[]",
    "secret.js": "no",
    "page/mark-CCCC0000.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
    f"page/{MARK}": "<svg xmlns='http://www.w3.org/2000/svg'/>",
    f"page/{SHEET}": f'body{{background:url("./{MARK}")}}',
    f"page/{LOGIN_SHEET}": "main{color:red}",
    f"page/{SCRIPT}": "document.title = 'long';" * 100,
    f"page/{SCRIPT}.map": '{"sources": ["main.js"]}',
    f"page/{OLD_SCRIPT}": "old",
    "page/main.js": "has no hash",
    "page/meta.json": "{}",
}
FOR_GOOD = "public, max-age=31536000, immutable"


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """Return a folder with a small page."""
    for name, text in FILES.items():
        path = tmp_path / "dist" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "dist"


@pytest.fixture
def client(dist: Path) -> CheckedClient:
    """Return a client of an application that serves the small page."""
    return make_app(dist / "none", frontend_dir=dist).test_client()


def test_the_page_is_revalidated_and_its_files_are_immutable(client: CheckedClient) -> None:
    index = client.get("/")
    assert (index.status_code, index.text) == (200, FILES["index.html"])
    assert index.headers["Content-Type"] == "text/html; charset=utf-8"
    assert index.headers["Cache-Control"] == "private, no-cache"
    types = {MARK: "image/svg+xml", SHEET: "text/css", SCRIPT: "text/javascript"}
    for name, content_type in types.items():
        plain = client.get(f"/page/{name}")
        assert plain.text == FILES[f"page/{name}"]
        assert plain.headers["Content-Type"] == f"{content_type}; charset=utf-8"
        assert plain.headers["Cache-Control"] == FOR_GOOD
        again = client.get(f"/page/{name}", headers={"If-None-Match": plain.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")


def test_files_are_sent_compressed(client: CheckedClient) -> None:
    plain = client.get(f"/page/{SCRIPT}")
    packed = client.get(f"/page/{SCRIPT}", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"


def test_a_debugger_finds_the_sources_behind_a_script(client: CheckedClient) -> None:
    name = client.get(f"/page/{SCRIPT}").headers["SourceMap"]
    source_map = client.get(f"/page/{name}")
    assert source_map.headers["Content-Type"] == "application/json"
    assert source_map.json["sources"] == ["main.js"]
    assert "SourceMap" not in client.get(f"/page/{SHEET}").headers


def test_a_new_build_is_served_and_open_pages_keep_their_files(
    client: CheckedClient, dist: Path
) -> None:
    client.get("/")
    (dist / "index.html").write_text("another")
    assert client.get("/").text == "another"
    assert client.get(f"/page/{OLD_SCRIPT}").text == "old"


@pytest.mark.parametrize(
    "path",
    [
        "/js/main.js",
        "/css/base.css",
        "/secret.js",
        "/index.html",
        "/login.html",
        "/builds.json",
        "/dist/index.html",
        "/page/",
        "/page/main.js",
        "/page/index.html",
        "/page/login.html",
        "/page/meta.json",
        "/page/builds.json",
        "/page/none-ABCD0123.js",
        "/page/secret.js",
        "/page/../secret.js",
        "/page/%2e%2e/secret.js",
        "/page/..%2fsecret.js",
        "/page/%2e%2e%2fsecret.js",
        "/page/..%5csecret.js",
        f"/page//{SCRIPT}",
        f"/page/{SCRIPT}%00",
        f"/page/{SCRIPT}%0a",
        f"/page/{SCRIPT}.map.map",
        "/page/.hidden.js",
        "/page/" + "a" * 5000 + "-ABCD0123.js",
        "/page/" + "a/" * 500 + "b.js",
        "/node_modules/zed/index.js",
        "/package.json",
        "/.git/config",
    ],
)
def test_only_files_of_the_page_are_served(client: CheckedClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert len(response.data) < 400


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_a_page_that_is_not_built_says_what_to_do(
    client: CheckedClient, dist: Path, accept: str
) -> None:
    built = dist.rename(dist.with_name("gone"))
    response = client.get("/", headers={"Accept": accept})
    assert (response.status_code, response.mimetype) == (503, accept)
    assert "make page" in response.text
    assert str(dist.parent) not in response.text
    assert client.get(f"/page/{SCRIPT}").status_code == 404
    built.rename(dist)
    assert client.get("/").status_code == 200  # without a new start


def test_an_error_page_uses_the_stylesheet_of_the_form(client: CheckedClient) -> None:
    response = client.get("/nothing", headers={"Accept": "text/html"})
    assert f'href="./page/{LOGIN_SHEET}"' in response.text


@pytest.mark.parametrize("name", ["index.html", f"page/{SCRIPT}"])
def test_a_file_that_is_a_link_is_not_followed(
    client: CheckedClient, dist: Path, name: str
) -> None:
    (dist / "outside").write_text("secret")
    (dist / name).unlink()
    (dist / name).symlink_to(dist / "outside")
    response = client.get("/" + name.removesuffix("index.html"))
    assert response.status_code in (404, 503)
    assert "secret" not in response.text


def test_files_of_a_page_are_those_that_it_and_its_sheets_reference(dist: Path) -> None:
    page = PageFiles(dist)
    assert set(page.files_of("index.html")) == {SCRIPT, SHEET, MARK, "mark-CCCC0000.svg"}
    (dist / "page" / MARK).unlink()
    with pytest.raises(PageError, match=f"{MARK} is missing"):
        page.files_of("index.html")


def test_the_real_page_references_only_its_own_files() -> None:
    page = PageFiles(ROOT / "frontend" / "dist")
    names = {}
    for html_name in ("index.html", "login.html"):
        assert not re.search(rb"(?:src|href)=\"(?!\./|#)", page.html(html_name))
        found = page.files_of(html_name)
        names[html_name] = {re.sub("-[A-Z0-9]{8}", "", name) for name in found}
        assert all(page.file(f"{n}.map") for n in found if n.endswith((".js", ".css")))
    images = {"favicon.svg", "chevron.svg"}
    assert names["index.html"] == {"main.js", "index.css", *images}
    assert names["login.html"] == {"sign_in_form.js", "login.css", *images}
