"""Text of a corpus, a model or a dataset on a terminal: shown, never obeyed."""


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
    return "".join(one if one.isprintable() else _escaped(one) for one in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")
