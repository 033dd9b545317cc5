"""The import map of ``index.html``: which packages the page loads, and the hash that allows it."""

import base64
import hashlib
import json
import re
from pathlib import Path
from threading import Lock

from attentionviz.store.safe_files import StatKey, file_key, read_regular

INDEX = "index.html"
MAX_FILE_BYTES = 16 * 1024 * 1024
_IMPORT_MAP = re.compile(rb'<script type="importmap">(.*?)</script>', re.DOTALL)
_VENDOR = re.compile(r"\.?/vendor/((?:@[a-z0-9._-]+/)?[a-z0-9][a-z0-9._-]*)/(.+)")


def parse_vendor(address: str) -> tuple[str, str] | None:
    """Return package and file of an address such as ``/vendor/d3-zoom/src/index.js``, or None."""
    match = _VENDOR.fullmatch(address)
    return (match[1], match[2]) if match else None


class Index:
    """``index.html`` and its import map, read again when the file changes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key: StatKey | None = None
        self._hashes: tuple[str, ...] = ()
        self._modules: dict[str, set[str]] = {}
        self._lock = Lock()

    def script_hashes(self) -> tuple[str, ...]:
        """Return the hash of the inline import map, for the Content-Security-Policy."""
        self._read()
        return self._hashes

    def modules(self) -> dict[str, set[str]]:
        """Return the packages that the import map names, and the file of each that it loads."""
        self._read()
        return self._modules

    def _read(self) -> None:
        with self._lock:
            key = file_key(self._folder / INDEX)
            if key is not None and key == self._key:
                return
            maps: list[bytes] = []
            if key is not None:
                maps = _IMPORT_MAP.findall(read_regular(self._folder, INDEX, MAX_FILE_BYTES))
            self._key = key
            self._hashes = tuple(_hash(content) for content in maps)
            self._modules = _modules(maps[0]) if maps else {}


def _hash(content: bytes) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content).digest()).decode()


def _modules(import_map: bytes) -> dict[str, set[str]]:
    try:
        imports = json.loads(import_map)["imports"].values()
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
    found: dict[str, set[str]] = {}
    for address in imports:
        vendor = parse_vendor(str(address))
        if vendor:
            found.setdefault(vendor[0], set()).add(vendor[1])
    return found
