"""The page's own files, and what of the modules may leave this machine."""

import base64
import hashlib
import json
import os
import re
from pathlib import Path

import pytest
from tests.api.conftest import make_app
from tests.support.checked_client import CheckedClient

ROOT = Path(__file__).resolve().parents[2]
IMPORTS = {
    "kdbush": "./vendor/kdbush/index.js",
    "d3-zoom": "/vendor/d3-zoom/dist/d3-zoom.min.mjs",
    "@scope/one": "./vendor/@scope/one/one.js",
}


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Return a folder with a small page and its modules."""
    frontend = tmp_path / "frontend"
    (frontend / "js" / "views").mkdir(parents=True)
    (frontend / "css").mkdir()
    write_index(frontend, IMPORTS)
    (frontend / "js" / "main.js").write_text("export const a = 1;")
    (frontend / "js" / "views" / "grid.js").write_text("export const b = 1;")
    (frontend / "js" / "types.d.ts").write_text("export type A = 1;")
    (frontend / "css" / "base.css").write_text("body {}")
    (frontend / "css" / "mark.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (frontend / "secret.js").write_text("no")
    modules = tmp_path / "node_modules"
    for address in IMPORTS.values():
        path = modules / address.partition("/vendor/")[2]
        path.parent.mkdir(parents=True)
        path.write_text("export default 1;")
    (modules / "kdbush" / "package.json").write_text("{}")
    (modules / "kdbush" / "index.d.ts").write_text("")
    (modules / "evil").mkdir()
    (modules / "evil" / "index.js").write_text("no")
    (tmp_path / "outside.js").write_text("no")
    (modules / "kdbush" / "link.js").symlink_to(tmp_path / "outside.js")
    (modules / "kdbush" / "linked").symlink_to(tmp_path)
    (frontend / "js" / "link.js").symlink_to(tmp_path / "outside.js")
    return tmp_path


def write_index(frontend: Path, imports: dict[str, str]) -> None:
    text = json.dumps({"imports": imports}, indent=2)
    (frontend / "index.html").write_text(
        f'<!doctype html><title>A</title><script type="importmap">\n{text}\n</script>'
        '<script type="module" src="./js/main.js"></script>'
    )


@pytest.fixture
def client(page: Path) -> CheckedClient:
    """Return a client of an application that serves the small page."""
    return client_of(page)


def client_of(page: Path) -> CheckedClient:
    app = make_app(
        page / "built", frontend_dir=page / "frontend", node_modules_dir=page / "node_modules"
    )
    return app.test_client()


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/js/main.js", "text/javascript; charset=utf-8"),
        ("/js/views/grid.js", "text/javascript; charset=utf-8"),
        ("/css/base.css", "text/css; charset=utf-8"),
        ("/css/mark.svg", "image/svg+xml; charset=utf-8"),
        ("/vendor/kdbush/index.js", "text/javascript; charset=utf-8"),
        ("/vendor/d3-zoom/dist/d3-zoom.min.mjs", "text/javascript; charset=utf-8"),
        ("/vendor/@scope/one/one.js", "text/javascript; charset=utf-8"),
    ],
)
def test_files_of_the_page_are_served(client: CheckedClient, path: str, content_type: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.headers["Content-Type"]) == (200, content_type)
    again = client.get(path, headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert response.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/js/types.d.ts",
        "/js/link.js",
        "/js/",
        "/js/none.js",
        "/js/../secret.js",
        "/js/%2e%2e/secret.js",
        "/js/..%2fsecret.js",
        "/js/%2e%2e%2fsecret.js",
        "/js/..%5csecret.js",
        "/js//main.js",
        "/js/./main.js",
        "/js/main.js%00",
        "/js/main.js/",
        "/js/.hidden.js",
        "/js/" + "a" * 5000 + ".js",
        "/js/" + "a/" * 500 + "b.js",
        "/css/../js/main.js",
        "/css/main.js",
        "/secret.js",
        "/index.html",
        "/frontend/index.html",
        "/vendor/kdbush/package.json",
        "/vendor/kdbush/index.d.ts",
        "/vendor/kdbush/link.js",
        "/vendor/kdbush/linked/outside.js",
        "/vendor/kdbush/../evil/index.js",
        "/vendor/kdbush/%2e%2e/evil/index.js",
        "/vendor/kdbush/..%2fevil%2findex.js",
        "/vendor/kdbush",
        "/vendor/kdbush/",
        "/vendor/evil/index.js",
        "/vendor/",
        "/vendor/%2fetc%2fpasswd",
        "/vendor/@scope/two/one.js",
        "/vendor/@scope/one.js",
        "/node_modules/kdbush/index.js",
        "/package.json",
        "/.git/config",
    ],
)
def test_nothing_else_leaves_this_machine(client: CheckedClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert len(response.data) < 400


def test_the_policy_names_the_hash_of_the_import_map(client: CheckedClient, page: Path) -> None:
    text = client.get("/").text
    inline = re.search(r'<script type="importmap">(.*?)</script>', text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(inline[1].encode()).digest()).decode()
    for path in ("/", "/js/main.js", "/nothing"):
        assert (
            f"script-src 'self' 'sha256-{digest}'"
            in client.get(path).headers["Content-Security-Policy"]
        )
    write_index(page / "frontend", {"kdbush": "./vendor/kdbush/index.js"})
    os.utime(page / "frontend" / "index.html", ns=(1, 1))
    assert digest not in client.get("/").headers["Content-Security-Policy"]


def test_a_package_that_left_the_import_map_is_no_longer_served(
    client: CheckedClient, page: Path
) -> None:
    address = "/vendor/d3-zoom/dist/d3-zoom.min.mjs"
    assert client.get(address).status_code == 200
    write_index(page / "frontend", {"kdbush": "./vendor/kdbush/index.js"})
    os.utime(page / "frontend" / "index.html", ns=(1, 1))
    assert client.get(address).status_code == 404


def test_missing_modules_are_said_in_words(page: Path) -> None:
    (page / "node_modules" / "kdbush" / "index.js").unlink()
    client = client_of(page)
    response = client.get("/")
    assert response.status_code == 503
    assert "kdbush" in response.text
    assert "make demo" in response.text
    assert "npm ci" in response.text
    (page / "node_modules").rename(page / "gone")
    assert client.get("/").status_code == 503
    assert "npm ci" in client.get("/vendor/kdbush/index.js").json["error"]["message"]


@pytest.mark.parametrize(
    "text", ["", "<title>no map</title>", '<script type="importmap">[</script>']
)
def test_a_page_without_an_import_map_is_served_as_it_is(page: Path, text: str) -> None:
    (page / "frontend" / "index.html").write_text(text)
    client = client_of(page)
    assert client.get("/").status_code == 200
    assert client.get("/vendor/kdbush/index.js").status_code == 404


def test_a_missing_page_is_404(page: Path) -> None:
    (page / "frontend" / "index.html").unlink()
    assert client_of(page).get("/").status_code == 404


def test_the_real_page_loads_only_what_is_served() -> None:
    text = (ROOT / "frontend" / "index.html").read_text()
    found = re.search(r'<script type="importmap">(.*?)</script>', text, re.DOTALL)
    for address in json.loads(found[1])["imports"].values():
        assert re.fullmatch(r"\./vendor/[a-z0-9-]+/[\w./-]+\.m?js", address)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text)
