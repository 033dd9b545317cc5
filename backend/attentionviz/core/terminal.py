"""Safe output of untrusted text on a terminal: control characters are escaped."""

import codecs
import io
import sys

from attentionviz.core.file_names import readable

ERRORS = "attentionviz.spelled"
# What our own sentences are written with; what else a terminal lacks is written as its number.
_SPELLED = {
    **{"·": "*", "×": "x", "‖": "||", "→": "->", "≤": "<=", "≥": ">=", "²": "^2", "…": "..."},
    **dict.fromkeys("–—−", "-"),
    **dict.fromkeys("“”", '"'),
    **dict.fromkeys("‘’", "'"),
}


def visible(text: str) -> str:
    r"""Return text on one line whose control characters are written as what they are.

    A terminal obeys escape sequences: they recolour, overwrite and rename what stands around them.
    Line feeds forge lines, and marks of direction turn words around.

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
    return "".join(one if one.isprintable() else _escaped(one) for one in readable(text))


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")


def write_any_text() -> None:
    r"""Have standard output and error take every text, whatever their encoding.

    A character that it lacks is spelled in ASCII, or written as ``\u65e5``. Without this a pipe
    of another encoding than UTF-8 ends a command in the middle of a sentence.
    """
    codecs.register_error(ERRORS, _spelled)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a notebook has streams of its own
            stream.reconfigure(errors=ERRORS)


def _spelled(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_SPELLED.get(one) or _escaped(one) for one in lacking), error.end
