"""The built page: HTML, and the files that it names, in a folder that ``make page`` writes."""

import re
from dataclasses import dataclass
from pathlib import Path

from attentionviz.errors import DamagedDatasetError, PageError
from attentionviz.store.safe_files import read_regular

FOLDER = "page"
ADVICE = "run `make page` in the project's folder, and reload"
MAX_FILE_BYTES = 16 * 1024 * 1024
# Only names with a content hash are served, since these may be cached for ever.
_HASHED = r"[\w.-]{1,100}-[A-Z0-9]{8}\.(?:js|css|svg)"
_FILE_NAME = re.compile(rf"{_HASHED}(?:\.map)?", re.ASCII)
_NAMED = re.compile(rf'(?<=[/"]){_HASHED}\b', re.ASCII)


@dataclass(frozen=True)
class PageFiles:
    """Files of the page, read on every request, so that a new build needs no restart."""

    folder: Path

    def html(self, name: str) -> bytes:
        """Return ``index.html`` or ``login.html``.

        Raises
        ------
        PageError
            If the page was not built.
        """
        try:
            return read_regular(self.folder, name, MAX_FILE_BYTES)
        except DamagedDatasetError as error:
            raise PageError(f"the page is not built: {error}; {ADVICE}") from error

    def file(self, name: str) -> bytes | None:
        """Return a file below ``page/``, also of earlier builds; None if there is none."""
        if not _FILE_NAME.fullmatch(name):
            return None
        try:
            return read_regular(self.folder, f"{FOLDER}/{name}", MAX_FILE_BYTES)
        except DamagedDatasetError:
            return None

    def sheet(self) -> str | None:
        """Return the URL of the style sheet of ``login.html``; None if the page was not built."""
        try:
            names = self.files_of("login.html")
        except Exception:  # this only styles an error page, which must be sent in any case
            return None
        return next((f"{FOLDER}/{name}" for name in names if name.endswith(".css")), None)

    def files_of(self, html_name: str) -> dict[str, bytes]:
        """Return the files that an HTML file and its style sheets name, by path below ``page/``.

        Raises
        ------
        PageError
            If the page was not built, or one of its files is missing.
        """
        files: dict[str, bytes] = {}
        wanted = _NAMED.findall(self.html(html_name).decode())
        while wanted:
            name = wanted.pop(0)
            content = self.file(name)
            if content is None:
                raise PageError(f"the page is incomplete: {name} is missing; {ADVICE}")
            files[name] = content
            if name.endswith(".css"):
                named = _NAMED.findall(content.decode())
                wanted += [other for other in named if other not in files]
        return files
