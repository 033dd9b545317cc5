"""File names as text, and detection of files that systems and editors leave in folders."""

import os
import re

# macOS; Windows; NFS and FUSE; Synology; desktops of Linux; sync clients; Emacs, vi, LibreOffice
# and patch. Conflicted copies of sync clients are not included, since they may hold user data.
_JUNK = re.compile(
    r"\.DS_Store|\._.*|\.AppleDouble|\.Spotlight-V100|\.Trashes|\.fseventsd|__MACOSX|Icon\r"
    r"|Thumbs\.db(?::.*)?|ehthumbs\.db|desktop\.ini"
    r"|\.nfs[0-9a-f]+|\.fuse_hidden[0-9a-f]+|@eaDir|#recycle|\.directory|\.Trash-[0-9]+"
    r"|\.dropbox(?:\.attr|\.cache)?|\.stfolder|\.~lock\..*#"
    r"|.+~|#.+#|\.#.+|\..+\.sw[a-px]|.+\.orig",
    re.IGNORECASE,
)


def readable(name: str) -> str:
    r"""Return a file name or a command line argument as text that can be encoded.

    Python decodes both with the encoding of the locale, and undecodable bytes to lone surrogates,
    which cannot be written to a file or a terminal. Here they are decoded as UTF-8.

    Parameters
    ----------
    name : str

    Returns
    -------
    str
        Bytes that are not valid UTF-8 are written as ``\xe4``.
    """
    if name.isascii():
        return name
    try:
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # a surrogate of other origin
        return name.encode("utf-8", "backslashreplace").decode("utf-8")


def native(text: str) -> str:
    """Return text as Python decodes file names on this system; the inverse of `readable`.

    A character that the encoding of the locale lacks becomes its UTF-8 bytes, as surrogates.
    """
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return os.fsdecode(text.encode("utf-8", "surrogateescape"))
    return text


def is_junk(name: str) -> bool:
    """Return whether a file or folder of this name was left by the system or an editor.

    Such as ``.DS_Store``, ``Thumbs.db``, ``@eaDir`` or ``notes~``. It is not part of a dataset, and
    may be recreated when it is removed.
    """
    return _JUNK.fullmatch(name) is not None
