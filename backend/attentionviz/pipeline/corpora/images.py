"""Images of a folder, detected by content, and why other files are left out."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from attentionviz.core.file_names import is_junk, readable
from attentionviz.core.image_kinds import READ_KINDS, kind_of, read_head
from attentionviz.core.images import ImageError, decode_image, require_image
from attentionviz.errors import CorpusError
from attentionviz.pipeline.corpora.account import N_EXAMPLES, Account

LABELS = "labels.csv"
ABOUT = "about.json"
MAX_NAME = 300


@dataclass
class CorpusFolder:
    """The files below a folder, by relative name with forward slashes, sorted.

    Attributes
    ----------
    files : dict of str to Path
        Those that are taken.
    left_out : dict of str to str
        Reason for every other file, to complete "a.png is …".
    with_frames : list of str
        Images with more than one frame or page.
    skipped_folders : list of str
        Hidden folders, which are not searched.
    """

    files: dict[str, Path] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    with_frames: list[str] = field(default_factory=list)
    skipped_folders: list[str] = field(default_factory=list)

    def account(self) -> Account:
        """Return the counts of files taken and left out."""
        by_reason: dict[str, list[str]] = {}
        for name, reason in self.left_out.items():
            by_reason.setdefault(reason, []).append(name)
        account = Account("file", len(self.files) + len(self.left_out), notes=tuple(self._notes()))
        for reason, names in sorted(by_reason.items()):
            account = account.leave_out(reason, map(_shortened, names))
        return account

    def _notes(self) -> Iterator[str]:
        if self.with_frames:
            names = _listed(self.with_frames)
            yield f"several frames or pages, of which the first is taken: {names}"
        if self.skipped_folders:
            yield f"folders that are not searched: {_listed(self.skipped_folders)}"


def find_images(folder: Path) -> CorpusFolder:
    """Return the images below a folder; each is decoded once to check that it is complete.

    Not counted: files left by systems and editors, hidden files that are not images, ``labels.csv``
    and ``about.json``.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    CorpusError
        If a folder cannot be listed.
    """
    return find_files(folder, lambda path: require_image(path, READ_KINDS), ImageError)


def find_files(
    folder: Path, has_frames: Callable[[Path], bool], error: type[Exception]
) -> CorpusFolder:
    """Return the files below a folder that can be read, and why others are left out.

    Parameters
    ----------
    folder : Path
    has_frames : callable
        Reads a file; returns whether it has more than one frame or page.
    error : type of Exception
        Raised by `has_frames` for a file that cannot be read.

    Raises
    ------
    CorpusError
        If a folder cannot be listed.
    """
    root = folder.resolve()
    found = CorpusFolder()
    for path in visible_files(folder, found.skipped_folders):
        name = relative_name(path, folder)
        try:
            require_visible_file(path, root)
            if has_frames(path):
                found.with_frames.append(name)
        except (ImageError, error) as reason:
            found.left_out[name] = str(reason)
            continue
        found.files[name] = path
    return found


def _shortened(name: str) -> str:
    """Return a name, shortened to the longest that a manifest may hold."""
    return name if len(name) <= MAX_NAME else "…" + name[-MAX_NAME:]


def _listed(names: list[str]) -> str:
    more = f", … ({len(names):,} in all)" if len(names) > N_EXAMPLES else ""
    return ", ".join(map(_shortened, names[:N_EXAMPLES])) + more


def visible_files(folder: Path, skipped_folders: list[str]) -> Iterator[Path]:
    """Yield files, hidden images and links to folders; append skipped folders to the list."""
    paths = []
    for parent, folders, files in os.walk(folder, onerror=_refuse_folder):
        here = Path(parent)
        entered = []
        for name in folders:
            if (here / name).is_symlink():
                paths.append(here / name)
            elif not _is_hidden(name):
                entered.append(name)
            elif not (name.startswith(".") and is_junk(name)):
                skipped_folders.append(relative_name(here / name, folder))
        folders[:] = entered
        own = (LABELS, ABOUT) if here == folder else ()
        paths += [here / name for name in files if name not in own]
    skipped_folders.sort()
    for path in sorted(paths, key=lambda path: relative_name(path, folder)):
        if not _is_hidden(path.name) or _is_image(path):
            yield path


def _refuse_folder(error: OSError) -> None:
    raise CorpusError(
        f"the folder {readable(str(error.filename))} cannot be listed ({error.strerror}); "
        "make it readable, or remove it"
    )


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or is_junk(name)


def _is_image(path: Path) -> bool:
    """Return whether a hidden file is an image, which the user may have meant to include."""
    try:
        is_file = path.is_file() and not path.is_symlink()
        return is_file and kind_of(read_head(path), path.name) in READ_KINDS
    except OSError:
        return False


def require_visible_file(path: Path, root: Path) -> None:
    """Raise ImageError unless this is a visible regular file inside the folder."""
    if _is_hidden(path.name):
        raise ImageError("hidden, or a back-up copy")
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:  # which one depends on the version of Python
        raise ImageError("a broken link") from error
    if not target.is_relative_to(root):
        raise ImageError("a link out of the folder; copy the file itself")
    if target.is_dir():
        raise ImageError("a link to a folder; copy the folder itself")
    if not target.is_file():  # reading a pipe or device would never end
        raise ImageError("not a regular file")


def relative_name(path: Path, folder: Path) -> str:
    """Return the name of a file below a folder, with forward slashes."""
    return readable(path.relative_to(folder).as_posix())


def open_image(path: Path) -> Image.Image:
    """Return an image, upright, in RGB, on white where it is transparent.

    Parameters
    ----------
    path : Path
        One of `find_images`.

    Raises
    ------
    CorpusError
        If the file has changed and can no longer be decoded; the message names it.
    """
    try:
        return decode_image(path, READ_KINDS)
    except ImageError as error:
        raise CorpusError(f"{readable(path.name)} is {error}") from error
