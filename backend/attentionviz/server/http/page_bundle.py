"""The page as a browser gets it: its modules and sheets, linked into a few files by esbuild.

The sources stay plain ES modules that run as they are. A browser that asked for each of them would
ask two hundred times before the first map; linked, it asks for a script and a sheet, and keeps both
for good, because their names change with their content.
"""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from attentionviz.errors import DamagedDatasetError, NotFoundError, PageError
from attentionviz.store.safe_files import StatKey, file_key, read_regular

FOLDER = "page"
HTML_FILES = ("index.html", "login.html")
ADVICE = "run `make demo`, or `npm ci` in the project's folder, and reload"
MAX_FILE_BYTES = 16 * 1024 * 1024
LINK_SECONDS = 60
# A page that was opened before a source changed may still ask for its own files.
N_KEPT = 3
_REFERENCE = re.compile(r'(?<==")\./((?:css|js)/[^"]+)(?=")')
_SHEET = re.compile(rb'"\./([^"]+\.css)"')
_LICENCE = re.compile(r"(licen[cs]e|copying)(\.(md|txt))?", re.IGNORECASE)


class Linked(NamedTuple):
    """The page at one time.

    Attributes
    ----------
    html : mapping
        ``index.html`` and ``login.html``, with the addresses of the linked files.
    files : mapping
        By their names below ``page/``.
    """

    html: Mapping[str, bytes]
    files: Mapping[str, bytes]


class LinkedPage:
    """Links the page when it is first asked for, and again when one of its sources has changed.

    Parameters
    ----------
    frontend_dir : Path
        ``index.html``, ``login.html``, ``css/`` and ``js/``.
    node_modules_dir : Path
        Packages that the modules import, and esbuild.
    """

    def __init__(self, frontend_dir: Path, node_modules_dir: Path) -> None:
        self._frontend = frontend_dir
        self._modules = node_modules_dir
        self._kept: list[Linked] = []
        self._keys: dict[Path, StatKey | None] = {}
        self._lock = Lock()

    def html(self, name: str) -> bytes:
        """Return ``index.html`` or ``login.html`` as its sources are now.

        Raises
        ------
        PageError
            When a source or a package is missing, or has an error; says which.
        """
        try:
            return self.linked().html[name]
        except KeyError as error:
            raise PageError(f"the page has no {name}") from error

    def sheet(self) -> str | None:
        """Return the address of the sheet of ``login.html``; None where there is no page."""
        try:
            found = _SHEET.search(self.html("login.html"))
        except Exception:  # whatever it is: this dresses the page that tells of an error
            return None
        return found[1].decode() if found else None

    def file(self, name: str) -> bytes | None:
        """Return a linked file, also of a page that was given out a while ago; None if unknown."""
        if not self._kept:
            self.linked()
        kept = reversed(self._kept)
        return next((linked.files[name] for linked in kept if name in linked.files), None)

    def linked(self) -> Linked:
        """Return the page as its sources are now; raises as `html`."""
        with self._lock:
            if not self._kept or any(file_key(path) != key for path, key in self._keys.items()):
                # Looked at before they are read: a change during the work is seen the next time.
                keys = {path: file_key(path) for path in self._sources()}
                self._kept = [*self._kept, _link(self._frontend, self._modules)][-N_KEPT:]
                self._keys = keys
            return self._kept[-1]

    def _sources(self) -> list[Path]:
        html = [self._frontend / name for name in HTML_FILES]
        folders = [self._frontend / "css", self._frontend / "js"]
        return [*html, *(path for folder in folders for path in folder.rglob("*.*"))]


def _link(frontend: Path, modules: Path) -> Linked:
    html = {name: _read(frontend, name) for name in HTML_FILES if (frontend / name).is_file()}
    if "index.html" not in html:
        raise NotFoundError("the page has no index.html")
    wanted = {name for text in html.values() for name in _REFERENCE.findall(text.decode())}
    if not wanted:
        return Linked(html, {})
    try:
        with tempfile.TemporaryDirectory(prefix="attentionviz-page-") as folder:
            outputs = _run_esbuild(frontend, modules, wanted, Path(folder))
            files = {name: (Path(folder) / name).read_bytes() for name in outputs}
        for name, facts in outputs.items():
            if name.endswith(".js"):
                files[name] += _notices(_packages(facts["inputs"], frontend))
    except OSError as error:  # no folder for what passes, no room in it, or no licence in a package
        raise PageError(f"the page cannot be linked: {error.strerror or error}") from error
    addresses = _addresses(outputs, wanted)
    return Linked({name: _with_addresses(text, addresses) for name, text in html.items()}, files)


def _run_esbuild(
    frontend: Path, modules: Path, wanted: Iterable[str], folder: Path
) -> dict[str, Any]:
    """Write the linked files into a folder; return what esbuild says of each, by its name."""
    command = [
        str(_esbuild(modules)),
        *(f"./{name}" for name in sorted(wanted) if name.endswith((".js", ".css"))),
        "--bundle",
        "--minify",
        "--format=esm",
        "--charset=utf8",
        "--legal-comments=none",  # whole notices follow at the end
        "--sourcemap=external",
        "--loader:.svg=file",
        "--entry-names=[name]-[hash]",
        "--asset-names=[name]-[hash]",
        "--log-level=error",
        f"--outdir={folder}",
        f"--metafile={folder / 'meta.json'}",
    ]
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments, no shell
            command,
            cwd=frontend,
            env={**os.environ, "NODE_PATH": str(modules), "NO_COLOR": "1"},
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=LINK_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PageError(f"esbuild cannot be run: {error}; {ADVICE}") from error
    if done.returncode != 0:
        raise PageError(f"the page cannot be linked; {ADVICE}.\n{done.stderr.strip()}")
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    return {Path(name).name: facts for name, facts in meta["outputs"].items()}


def _esbuild(modules: Path) -> Path:
    """Return the program: that of this system's own package starts without Node."""
    own = sorted(modules.glob("@esbuild/*/bin/esbuild"))
    for path in (*own, modules / "esbuild" / "bin" / "esbuild"):
        if path.is_file():
            return path
    raise PageError(f"the package esbuild is missing; {ADVICE}")


def _addresses(outputs: Mapping[str, Any], wanted: Iterable[str]) -> dict[str, str]:
    """Return where the linked form of each file is that the HTML names."""
    found = {}
    for name, facts in outputs.items():
        source = facts.get("entryPoint") or next(iter(facts["inputs"]), "")
        if source in wanted:
            found[source] = f"{FOLDER}/{name}"
    missing = sorted(set(wanted) - set(found))
    if missing:
        raise PageError(f"{missing[0]} is named by the page, and by none of its sheets")
    return found


def _with_addresses(html: bytes, addresses: Mapping[str, str]) -> bytes:
    return _REFERENCE.sub(lambda match: f"./{addresses[match[1]]}", html.decode()).encode()


def _packages(inputs: Iterable[str], frontend: Path) -> list[Path]:
    """Return the folders of the packages that a linked file holds something of."""
    paths = [Path(os.path.normpath(frontend / name)) for name in inputs]
    return sorted({_package_of(path) for path in paths if not path.is_relative_to(frontend)})


def _package_of(path: Path) -> Path:
    for folder in path.parents:
        if (folder / "package.json").is_file():
            return folder
    raise PageError(f"the page imports {path.name}, which is of no package")


def _notices(packages: Iterable[Path]) -> bytes:
    """Return a comment with the licence of each package, which asks to be told with its code."""
    parts = []
    for package in packages:
        facts = json.loads((package / "package.json").read_text(encoding="utf-8"))
        licences = [path for path in sorted(package.iterdir()) if _LICENCE.fullmatch(path.name)]
        if not licences:
            raise PageError(f"the package {package.name} says nothing of its licence; {ADVICE}")
        text = licences[0].read_text(encoding="utf-8").strip().replace("*/", "* /")
        parts.append(f"\n/*! {facts['name']} {facts['version']}\n\n{text}\n*/\n")
    return "".join(parts).encode()


def _read(folder: Path, name: str) -> bytes:
    try:
        return read_regular(folder, name, MAX_FILE_BYTES)
    except DamagedDatasetError as error:
        raise PageError(str(error)) from error
