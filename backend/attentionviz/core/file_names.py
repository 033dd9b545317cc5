"""File names as text, and detection of files that systems and editors leave in folders."""

import os
import re

# macOS; Windows; NFS and FUSE; Synology; desktops of Linux; sync clients; Emacs, vi, LibreOffice
# and patch. Conflicted copies of a sync client are not among them: they may hold what was lost.
_LITTER = re.compile(
    r"\.DS_Store|\._.*|\.AppleDouble|\.Spotlight-V100|\.Trashes|\.fseventsd|__MACOSX|Icon\r"
    r"|Thumbs\.db(?::.*)?|ehthumbs\.db|desktop\.ini"
    r"|\.nfs[0-9a-f]+|\.fuse_hidden[0-9a-f]+|@eaDir|#recycle|\.directory|\.Trash-[0-9]+"
    r"|\.dropbox(?:\.attr|\.cache)?|\.stfolder|\.~lock\..*#"
    r"|.+~|#.+#|\.#.+|\..+\.sw[a-px]|.+\.orig",
    re.IGNORECASE,
)


def readable(name: str) -> str:
    r"""Return the name of a file, or an argument of a command, as text that can be written.

    Python reads both in the encoding of the locale and keeps bytes that this lacks as halves of
    characters, which no file and no terminal takes. They are read as UTF-8 here, as by everybody.

    Parameters
    ----------
    name : str

    Returns
    -------
    str
        Bytes that are not UTF-8 either as ``\xe4``; the same text where there are none.
    """
    if name.isascii():
        return name
    try:
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # half of a character that came from elsewhere
        return name.encode("utf-8", "backslashreplace").decode("utf-8")


def native(text: str) -> str:
    """Return text as Python would have read it from this system, so that it can name a file.

    The inverse of `readable`: where the encoding of the locale lacks a character, its UTF-8 bytes.
    """
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return os.fsdecode(text.encode("utf-8", "surrogateescape"))
    return text


def is_litter(name: str) -> bool:
    """Return whether a file or folder of this name is left behind by a system or an editor.

    Such as ``.DS_Store``, ``Thumbs.db``, ``@eaDir`` or ``notes~``. It says nothing of a dataset,
    and comes back when it is removed.
    """
    return _LITTER.fullmatch(name) is not None
