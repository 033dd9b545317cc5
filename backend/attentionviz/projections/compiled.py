"""Disk cache of Numba's compiled functions that is safe for several processes.

Numba's own index of a function is not: two processes that compile it for different types at the
same time both write ``….1.nbc``, and a later process runs the code of the wrong types; a build that
computes 2-D and 3-D maps in parallel does that. Here each signature has its own folder, named by a
hash of everything that its code depends on, with an index of one entry.
"""

import atexit
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any


def cache_compiled(dispatcher: Any) -> Any:
    """Enable the disk cache for a jitted function and return it.

    Parameters
    ----------
    dispatcher : numba dispatcher
        From `numba.njit`, also of a library. Modified.
    """
    dispatcher._cache = _CompiledCache(dispatcher, _folder())
    return dispatcher


def compiled(**options: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator like `numba.njit` with the disk cache enabled."""
    from numba import njit  # importing it takes half a second

    return lambda function: cache_compiled(njit(**options)(function))


def import_compiled(name: str) -> ModuleType:
    """Import a module whose functions Numba caches, also without a writable cache folder.

    Numba raises RuntimeError if it can write neither next to the module nor to the home folder,
    such as in a container without root; then a temporary folder is used.
    """
    try:
        return import_module(name)
    except RuntimeError:
        from numba import config

        os.environ["NUMBA_CACHE_DIR"] = folder = tempfile.mkdtemp(prefix="attentionviz-numba-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        config.reload_config()
        return import_module(name)


def _folder() -> Path:
    """Return the cache folder: below ``NUMBA_CACHE_DIR`` or the user's cache folder."""
    from numba.misc.appdirs import user_cache_dir

    chosen = os.environ.get("NUMBA_CACHE_DIR") or user_cache_dir("attentionviz", False)
    return Path(chosen).absolute() / "compiled"


class _CompiledCache:
    """The cache of one jitted function, with the interface that Numba expects.

    Entries that are unreadable, incomplete or of another user are compiled again; if the folder is
    not writable, every process compiles for itself.
    """

    def __init__(self, dispatcher: Any, folder: Path) -> None:
        self._function = dispatcher.py_func
        self._options = dispatcher.targetoptions
        self.cache_path = str(folder)

    def load_overload(self, signature: Any, target: Any) -> Any | None:
        """Return numba's compile result for a signature, or None."""
        from numba.core.compiler import CompileResult

        target.refresh()
        digest = self._digest(signature, target.codegen())
        try:
            if os.stat(self._entry_folder(digest)).st_uid != os.geteuid():
                return None
            reduced = self._file(digest).load(digest)
        except OSError:
            return None
        except Exception:  # an incomplete file can raise any exception
            shutil.rmtree(self._entry_folder(digest), ignore_errors=True)
            return None
        return None if reduced is None else CompileResult._rebuild(target, *reduced)

    def save_overload(self, signature: Any, result: Any) -> None:
        """Store Numba's compile result for a signature, unless it contains memory addresses."""
        if result.lifted or result.library.has_dynamic_globals:
            return
        digest = self._digest(signature, result.library.codegen)
        with suppress(OSError):
            self._entry_folder(digest).mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file(digest).save(digest, result._reduce())

    def flush(self) -> None:
        """Do nothing, since a changed function has another digest."""

    def _entry_folder(self, digest: str) -> Path:
        return Path(self.cache_path) / f"{self._function.__name__}-{digest[:32]}"

    def _file(self, digest: str) -> Any:
        """Return Numba's index and data file of one entry, which it replaces atomically."""
        from numba.core.caching import IndexDataCacheFile

        return IndexDataCacheFile(str(self._entry_folder(digest)), "code", digest)

    def _digest(self, signature: Any, codegen: Any) -> str:
        function = self._function
        cells = [cell.cell_contents for cell in function.__closure__ or ()]
        depends_on = (
            str(signature),
            codegen.magic_tuple(),  # the processor and its features
            sorted(self._options.items(), key=str),
            _versions(),
            Path(function.__code__.co_filename).read_bytes(),
            function.__code__.co_code,
            cells,
        )
        return hashlib.sha256(repr(depends_on).encode()).hexdigest()


def _versions() -> tuple[str, ...]:
    """Return the versions of the compiler, and of libraries with compiled functions."""
    from importlib.metadata import version

    return tuple(version(name) for name in ("numba", "llvmlite", "numpy", "umap-learn"))
