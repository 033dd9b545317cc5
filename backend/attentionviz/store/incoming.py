"""Files from workers of other machines: written to a folder of their own, checked, then moved.

A worker that answers after its unit was given to another, or after its builder has ended, finds its
folder removed or writes files that nobody moves. So it cannot change a dataset.
"""

import json
import secrets
import shutil
import time
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from attentionviz.errors import BuildError
from attentionviz.store import layout
from attentionviz.store.writer import FileRecord, hash_file, sync_folder

# What another machine wrote may be visible a little later on a network file system.
VISIBLE_SECONDS = 10.0
RETRY_SECONDS = 0.1
_TOKEN_FILE = "token.json"  # noqa: S105 - the name of a file


class WrongFilesError(BuildError):
    """The files of a worker are not those that it reported."""


class Session(NamedTuple):
    """The folder in which the workers of one builder make their folders.

    Attributes
    ----------
    folder : Path
    token : str
        Content of a file in it, by which a worker knows that it sees the same folder.
    patience_seconds : float
        After which another machine has to see what the builder wrote.
    """

    folder: Path
    token: str
    patience_seconds: float

    def is_visible(self) -> bool:
        """Return whether this process sees the folder that the builder made."""
        end = time.monotonic() + self.patience_seconds
        while not (has_token := self._has_token()) and time.monotonic() < end:
            time.sleep(RETRY_SECONDS)
        return has_token

    def _has_token(self) -> bool:
        try:
            content = json.loads((self.folder / _TOKEN_FILE).read_bytes())
        except (OSError, ValueError):
            return False
        return bool(content == self.token)

    def make_folder(self) -> Path:
        """Return a new folder for the files of one unit; BuildError if the session is over."""
        folder = self.folder / secrets.token_hex(8)
        try:
            folder.mkdir()  # not its parents: the builder may have ended
        except OSError as error:
            raise BuildError(f"cannot write to {self.folder}: {error.strerror}") from error
        return folder


def open_session(folder: Path) -> Session:
    """Make the session of a build.

    Parameters
    ----------
    folder : Path
        Of the build.
    """
    token = secrets.token_hex(16)
    session = Session(folder / layout.INCOMING_FOLDER / token[:8], token, VISIBLE_SECONDS)
    try:
        session.folder.mkdir(parents=True)
        (session.folder / _TOKEN_FILE).write_text(json.dumps(token), encoding="utf-8")
    except OSError as error:
        raise BuildError(f"cannot write to {folder}: {error.strerror}") from error
    return session


def close_sessions(folder: Path) -> None:
    """Remove all sessions of a build, also those of killed builders."""
    incoming = folder / layout.INCOMING_FOLDER
    if not incoming.exists():
        return
    # A worker that still writes to one finds no folder of that name.
    removed = incoming.with_name(f"{layout.INCOMING_FOLDER}.{secrets.token_hex(4)}")
    incoming.rename(removed)
    shutil.rmtree(removed, ignore_errors=True)


def accept(
    folder: Path, source: Path, records: Iterable[FileRecord], expected: Collection[str]
) -> None:
    """Check the files of a unit and move them to their places.

    Parameters
    ----------
    folder : Path
        Of the build.
    source : Path
        The unit's own folder; removed.
    records : iterable of FileRecord
        As the worker returned them.
    expected : collection of str
        Relative paths that the unit may write.

    Raises
    ------
    WrongFilesError
        If a path is not expected, or a file is missing or has another size or hash.
    """
    records = tuple(records)
    for record in records:
        if record.path not in expected:
            raise WrongFilesError(f"{record.path!r} is not a file of this unit")
        _require_content(source / record.path, record)
    folders = {(folder / record.path).parent for record in records}
    try:
        for record in records:
            target = folder / record.path
            target.parent.mkdir(exist_ok=True)
            (source / record.path).replace(target)
        for changed in folders:
            sync_folder(changed)
    except OSError as error:
        raise BuildError(f"cannot write to {folder}: {error.strerror or error}") from error
    shutil.rmtree(source, ignore_errors=True)


def _require_content(path: Path, record: FileRecord) -> None:
    end = time.monotonic() + VISIBLE_SECONDS
    while True:
        try:
            if not path.is_symlink() and hash_file(path) == (record.sha256, record.n_bytes):
                return
        except OSError:
            pass
        if time.monotonic() > end:
            raise WrongFilesError(f"{record.path} is not as the worker reported it")
        time.sleep(RETRY_SECONDS)
