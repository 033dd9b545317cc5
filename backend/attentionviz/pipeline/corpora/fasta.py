"""FASTA: sequences of letters, such as proteins, each below a header line ``>name description``."""

import io
import re
from collections.abc import Iterator
from typing import NamedTuple

from attentionviz.pipeline.corpora.records import Locations, Records, TextFile

COMMENT = ";"
NOT_LETTERS = {
    "gaps (- or .)": re.compile(r"[-.]"),
    "stops (*)": re.compile(r"\*"),
    "other characters than letters": re.compile(r"[^A-Z]"),
}
"""Characters that are removed from sequences, with the words that count them, in this order."""

_SPACE = re.compile(r"\s")


class Entry(NamedTuple):
    """One record: the header without its ``>``, and the joined lines below it."""

    line: int
    header: str
    letters: str


def read(file: TextFile, text_column: str | None) -> Records:
    """Return every sequence in upper case, with the columns ``name`` and ``description``.

    The first word of the header is the name, the rest the description. Gaps, stops and other
    characters that are not letters are removed and counted.

    Raises
    ------
    CorpusError
        If there is text before the first header, or `text_column` is given.
    """
    if text_column is not None:
        raise file.error("line 1", f"FASTA has no column {text_column!r}; leave out --text-column")
    records = Records(file, "record")
    records.is_letters = True
    removed: dict[str, int] = dict.fromkeys(NOT_LETTERS, 0)
    where = {name: Locations() for name in NOT_LETTERS}
    lower, repeated = Locations(), Locations()
    names: set[str] = set()
    for entry in _entries(file):
        location = f"line {entry.line}"
        name, _, description = entry.header.partition(" ")
        letters = entry.letters.upper()
        if letters != entry.letters:
            lower.add(location)
        for kind, pattern in NOT_LETTERS.items():
            letters, n = pattern.subn("", letters)
            removed[kind] += n
            if n:
                where[kind].add(location)
        if not letters:
            records.leave_out("without a letter", location)
            continue
        if name in names:
            repeated.add(location)
        names.add(name)
        records.take(location, letters, {"name": name, "description": description.strip()})
    for kind, n in removed.items():
        records.note(f"{n:,} {kind} removed from sequences", where[kind])
    records.note("sequences with lower-case letters, now upper case", lower)
    records.note("sequences with the name of an earlier one", repeated)
    return records


def _entries(file: TextFile) -> Iterator[Entry]:
    line, header, parts = 0, "", list[str]()
    for number, text in enumerate(io.StringIO(file.text, newline=None), start=1):
        if text.startswith(">"):
            if line:
                yield Entry(line, header, "".join(parts))
            line, header, parts = number, " ".join(text[1:].split()), []
        elif not text.strip() or text.startswith(COMMENT):
            continue
        elif not line:
            raise file.error(
                f"line {number}", "text before the first header; FASTA begins with >name"
            )
        else:
            parts.append(_SPACE.sub("", text))
    if line:
        yield Entry(line, header, "".join(parts))
