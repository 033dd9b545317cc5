"""The page as it is linked from its sources, and what of them may leave this machine."""

import gzip
import json
import re
from pathlib import Path

import pytest
from tests.server.conftest import make_app
from tests.support.checked_client import CheckedClient

from attentionviz.errors import PageError
from attentionviz.server.http.page_bundle import LinkedPage

ROOT = Path(__file__).resolve().parents[2]
MODULES = ROOT / "node_modules"
INDEX = """<!doctype html><title>A</title>
<link rel="icon" href="./css/mark.svg">
<link rel="stylesheet" href="./css/index.css">
<script type="module" src="./js/main.js"></script>"""
LOGIN = '<!doctype html><title>$words</title><link rel="stylesheet" href="./css/login.css">'
FOR_GOOD = "public, max-age=31536000, immutable"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Return a folder with a small page, two packages of its own, and the real esbuild."""
    write(
        tmp_path,
        {
            "frontend/index.html": INDEX,
            "frontend/login.html": LOGIN,
            "frontend/js/main.js": "import { a } from './parts/a.js'; import z from 'zed';"
            " document.title = a + z + ' – é';",
            "frontend/js/parts/a.js": "import { one } from '@scope/one'; export const a = one;",
            "frontend/js/types.d.ts": "export type A = 1;",
            "frontend/css/index.css": '@import "./base.css";\n@import "./login.css";',
            "frontend/css/base.css": "body { background: url('mark.svg') }",
            "frontend/css/login.css": "main { color: red }",
            "frontend/css/mark.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
            "frontend/secret.js": "no",
            "node_modules/zed/package.json": package("zed", "1.2.3"),
            "node_modules/zed/index.js": "export default 'of zed " + "long " * 300 + "';",
            "node_modules/zed/LICENSE": "Zed's own terms */ alert(1)",
            "node_modules/@scope/one/package.json": package("@scope/one", "4.5.6"),
            "node_modules/@scope/one/index.js": "export const one = 'of one';",
            "node_modules/@scope/one/LICENCE.md": "One's own terms",
            "node_modules/evil/index.js": "no",
        },
    )
    for name in ("@esbuild", "esbuild"):
        (tmp_path / "node_modules" / name).symlink_to(MODULES / name)
    return tmp_path


def package(name: str, version: str) -> str:
    return json.dumps({"name": name, "version": version, "main": "index.js", "type": "module"})


def write(folder: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def client(page: Path) -> CheckedClient:
    """Return a client of an application that serves the small page."""
    return client_of(page)


def client_of(page: Path) -> CheckedClient:
    app = make_app(
        page / "built", frontend_dir=page / "frontend", node_modules_dir=page / "node_modules"
    )
    return app.test_client()


def linked_names(html: str) -> list[str]:
    return re.findall(r'="\./page/([^"]+)"', html)


def test_the_page_is_three_files_with_names_that_follow_their_content(
    client: CheckedClient,
) -> None:
    index = client.get("/")
    assert index.headers["Content-Type"] == "text/html; charset=utf-8"
    assert index.headers["Cache-Control"] == "private, no-cache"
    names = linked_names(index.text)
    types = [client.get(f"/page/{name}").headers["Content-Type"] for name in names]
    assert [re.sub("-[A-Z0-9]{8}", "", name) for name in names] == [
        "mark.svg",
        "index.css",
        "main.js",
    ]
    assert types == [
        f"{name}; charset=utf-8" for name in ("image/svg+xml", "text/css", "text/javascript")
    ]
    assert "./css/" not in index.text
    assert "./js/" not in index.text


def test_a_linked_file_holds_what_its_sources_import(client: CheckedClient) -> None:
    mark, sheet, script = linked_names(client.get("/").text)
    code = client.get(f"/page/{script}").text
    assert "of zed" in code
    assert "of one" in code
    assert "import" not in code
    assert "– é" in code
    text = client.get(f"/page/{sheet}").text
    assert f"url(./{mark})" in text or f'url("./{mark}")' in text
    assert text.index("background") < text.index("color:red")


def test_the_licence_of_each_package_comes_with_its_code(client: CheckedClient) -> None:
    script = linked_names(client.get("/").text)[2]
    code = client.get(f"/page/{script}").text
    assert "/*! @scope/one 4.5.6\n\nOne's own terms\n*/" in code
    assert "/*! zed 1.2.3\n\nZed's own terms * / alert(1)\n*/" in code


def test_a_package_without_a_licence_is_not_passed_on(page: Path) -> None:
    (page / "node_modules" / "zed" / "LICENSE").unlink()
    response = client_of(page).get("/")
    assert response.status_code == 503
    assert "the package zed says nothing of its licence" in response.text


def test_linked_files_are_kept_for_good_and_travel_compressed(client: CheckedClient) -> None:
    for name in linked_names(client.get("/").text):
        plain = client.get(f"/page/{name}")
        assert plain.headers["Cache-Control"] == FOR_GOOD
        again = client.get(f"/page/{name}", headers={"If-None-Match": plain.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        packed = client.get(f"/page/{name}", headers={"Accept-Encoding": "gzip"})
        if packed.headers.get("Content-Encoding") == "gzip":
            assert gzip.decompress(packed.data) == plain.data
            assert packed.headers["ETag"] != plain.headers["ETag"]
            assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    assert packed.headers["Content-Encoding"] == "gzip"  # of the script at least


def test_a_debugger_finds_the_sources_behind_a_script(client: CheckedClient) -> None:
    script = linked_names(client.get("/").text)[2]
    response = client.get(f"/page/{script}")
    assert "sourceMappingURL" not in response.text
    source_map = client.get(f"/page/{response.headers['SourceMap']}")
    assert source_map.headers["Content-Type"] == "application/json"
    sources = source_map.json["sources"]
    assert [Path(name).name for name in sources] == ["index.js", "a.js", "index.js", "main.js"]


def test_a_changed_source_is_there_with_the_next_page_and_an_open_page_keeps_its_own(
    client: CheckedClient, page: Path
) -> None:
    first = linked_names(client.get("/").text)
    assert linked_names(client.get("/").text) == first
    source = page / "frontend" / "js" / "parts" / "a.js"
    source.write_text("export const a = 'another';")
    second = linked_names(client.get("/").text)
    assert second[:2] == first[:2]
    assert second[2] != first[2]
    assert "another" in client.get(f"/page/{second[2]}").text
    assert "of one" in client.get(f"/page/{first[2]}").text


def test_a_file_is_found_by_its_name_also_before_the_page_was_asked_for(page: Path) -> None:
    script = linked_names(client_of(page).get("/").text)[2]
    assert client_of(page).get(f"/page/{script}").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/js/main.js",
        "/css/base.css",
        "/secret.js",
        "/index.html",
        "/login.html",
        "/frontend/index.html",
        "/page/",
        "/page/main.js",
        "/page/index.html",
        "/page/login.html",
        "/page/meta.json",
        "/page/none.js",
        "/page/secret.js",
        "/page/../secret.js",
        "/page/%2e%2e/secret.js",
        "/page/..%2fsecret.js",
        "/page/%2e%2e%2fsecret.js",
        "/page/..%5csecret.js",
        "/page//main.js",
        "/page/main.js%00",
        "/page/.hidden.js",
        "/page/" + "a" * 5000 + ".js",
        "/page/" + "a/" * 500 + "b.js",
        "/node_modules/zed/index.js",
        "/vendor/zed/index.js",
        "/vendor/evil/index.js",
        "/package.json",
        "/.git/config",
    ],
)
def test_nothing_else_leaves_this_machine(client: CheckedClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert len(response.data) < 400


def test_a_missing_package_is_said_in_words(page: Path) -> None:
    (page / "node_modules" / "zed" / "index.js").unlink()
    client = client_of(page)
    response = client.get("/")
    assert response.status_code == 503
    for words in ("zed", "make demo", "npm ci", "js/main.js"):
        assert words in response.text
    assert str(page) not in response.text
    (page / "node_modules" / "zed" / "index.js").write_text("export default 'back';")
    assert client.get("/").status_code == 200  # without a new start


def test_a_missing_linker_is_said_in_words(page: Path) -> None:
    (page / "node_modules").rename(page / "gone")
    client = client_of(page)
    for path in ("/", "/page/main.js"):
        response = client.get(path)
        assert response.status_code == 503
        assert "the package esbuild is missing" in response.text
        assert "npm ci" in response.text


def test_a_disk_without_room_is_said_in_words(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryDirectory", refuse)
    response = client_of(page).get("/")
    assert response.status_code == 503
    assert "the page cannot be linked: No space left on device" in response.text


def test_an_error_in_a_source_is_shown_as_text(page: Path) -> None:
    (page / "frontend" / "js" / "main.js").write_text("const a = <script>alert(1)</script>;")
    response = client_of(page).get("/", headers={"Accept": "text/html"})
    assert (response.status_code, response.mimetype) == (503, "text/html")
    assert "js/main.js:1:" in response.text
    assert "<script>" not in response.text


def test_a_reference_that_no_sheet_uses_is_an_error(page: Path) -> None:
    (page / "frontend" / "css" / "base.css").write_text("body { color: blue }")
    with pytest.raises(PageError, match=r"css/mark\.svg is named by the page"):
        LinkedPage(page / "frontend", page / "node_modules").linked()


@pytest.mark.parametrize("text", ["", "<title>no files</title>"])
def test_a_page_that_names_no_files_is_served_as_it_is(page: Path, text: str) -> None:
    (page / "frontend" / "login.html").unlink()
    (page / "frontend" / "index.html").write_text(text)
    response = client_of(page).get("/")
    assert (response.status_code, response.text) == (200, text)


def test_a_missing_page_is_404(page: Path) -> None:
    (page / "frontend" / "index.html").unlink()
    assert client_of(page).get("/").status_code == 404


def test_a_page_that_is_a_link_is_not_followed(page: Path) -> None:
    (page / "outside.html").write_text("secret")
    (page / "frontend" / "index.html").unlink()
    (page / "frontend" / "index.html").symlink_to(page / "outside.html")
    response = client_of(page).get("/")
    assert response.status_code in (404, 503)
    assert "secret" not in response.text


def test_the_real_page_names_only_its_own_files() -> None:
    for name in ("index.html", "login.html"):
        text = (ROOT / "frontend" / name).read_text()
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text)
    linked = LinkedPage(ROOT / "frontend", MODULES).linked()
    files = {re.sub("-[A-Z0-9]{8}", "", name) for name in linked.files}
    scripts_and_sheets = {"main.js", "sign_in_form.js", "index.css", "login.css"}
    maps = {f"{name}.map" for name in scripts_and_sheets}
    assert files == {*scripts_and_sheets, *maps, "favicon.svg", "chevron.svg"}
    code = next(file for name, file in linked.files.items() if name.startswith("main-"))
    assert b"Mike Bostock" in code
