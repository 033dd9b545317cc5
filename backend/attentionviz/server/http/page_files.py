"""The built page: HTML, and the files that it names, in a folder that ``make page`` writes."""

import re
from dataclasses import dataclass
from pathlib import Path

from attentionviz.errors import DamagedDatasetError, PageError
from attentionviz.store.safe_files import read_regular

FOLDER = "page"
ADVICE = "run `make page` in the project's folder, and reload"
MAX_FILE_BYTES = 16 * 1024 * 1024
# Only names that follow their content are served, as these may be cached for good.
_HASHED = r"[\w.-]{1,100}-[A-Z0-9]{8}\.(?:js|css|svg)"
_FILE_NAME = re.compile(rf"{_HASHED}(?:\.map)?", re.ASCII)
_NAMED = re.compile(rf'(?<=[/"]){_HASHED}\b', re.ASCII)


@dataclass(frozen=True)
class PageFiles:
    """Files of the page; each is read when it is asked for, so a new build needs no new start."""

    folder: Path

    def html(self, name: str) -> bytes:
        """Return ``index.html`` or ``login.html``.

        Raises
        ------
        PageError
            When the page was not built.
        """
        try:
            return read_regular(self.folder, name, MAX_FILE_BYTES)
        except DamagedDatasetError as error:
            raise PageError(f"the page is not built: {error}; {ADVICE}") from error

    def file(self, name: str) -> bytes | None:
        """Return a file below ``page/``, also of the builds before; None if there is none."""
        if not _FILE_NAME.fullmatch(name):
            return None
        try:
            return read_regular(self.folder, f"{FOLDER}/{name}", MAX_FILE_BYTES)
        except DamagedDatasetError:
            return None

    def sheet(self) -> str | None:
        """Return the address of the sheet of ``login.html``; None where there is no page."""
        try:
            names = self.files_of("login.html")
        except Exception:  # whatever it is: this dresses the page that tells of an error
            return None
        return next((f"{FOLDER}/{name}" for name in names if name.endswith(".css")), None)

    def files_of(self, html_name: str) -> dict[str, bytes]:
        """Return what an HTML file and its sheets name, by names below ``page/``.

        Raises
        ------
        PageError
            When the page was not built, or one of its files is missing.
        """
        found: dict[str, bytes] = {}
        wanted = _NAMED.findall(self.html(html_name).decode())
        while wanted:
            name = wanted.pop(0)
            content = self.file(name)
            if content is None:
                raise PageError(f"the page is not whole: {name} is missing; {ADVICE}")
            found[name] = content
            if name.endswith(".css"):
                wanted += [one for one in _NAMED.findall(content.decode()) if one not in found]
        return found
