"""Safe output of untrusted text on a terminal: control characters are escaped."""

import codecs
import io
import sys

from attentionviz.core.file_names import readable

ERRORS = "attentionviz.spelled"
# ASCII replacements for the characters of our own messages; all others are escaped.
_SPELLED = {
    **{"·": "*", "×": "x", "‖": "||", "→": "->", "≤": "<=", "≥": ">=", "²": "^2", "…": "..."},
    **dict.fromkeys("–—−", "-"),
    **dict.fromkeys("“”", '"'),
    **dict.fromkeys("‘’", "'"),
}


def visible(text: str) -> str:
    r"""Return text on one line with its control characters escaped.

    Escape sequences make a terminal recolour, overwrite or rename what it shows. Line feeds forge
    lines, and direction marks reorder words.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        Printable characters and spaces as they are, all others as ``\x1b`` or ``\u202e``.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in readable(text))


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")


def write_any_text() -> None:
    r"""Set an error handler so that standard output and error accept any text.

    A character that the encoding lacks is spelled in ASCII, or escaped as ``\u65e5``. Otherwise a
    stream that is not UTF-8 would end a command with a UnicodeEncodeError.
    """
    codecs.register_error(ERRORS, _spelled)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a notebook replaces the streams
            stream.reconfigure(errors=ERRORS)


def _spelled(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    unencodable = error.object[error.start : error.end]
    return "".join(_SPELLED.get(char) or _escaped(char) for char in unencodable), error.end
