"""Compiled loops kept on disk: the first process compiles them, every later one reads them.

Numba's index of a function is not safe for several processes: two that compile it for different
types at once both write ``….1.nbc``, and whoever reads it next runs the code of the wrong types;
a build that draws 2-D and 3-D maps side by side does that. Here each signature has a folder of its
own, named by all that its code depends on, with numba's index of one entry.
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


def keep_compiled(dispatcher: Any) -> Any:
    """Return a jitted function that from now on keeps its machine code on disk.

    Parameters
    ----------
    dispatcher : numba dispatcher
        Of `numba.njit`; also a library's. Modified.
    """
    dispatcher._cache = _KeptCode(dispatcher, _folder())
    return dispatcher


def compiled(**options: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator as `numba.njit`, whose functions keep their machine code on disk."""
    from numba import njit  # importing it takes half a second

    return lambda function: keep_compiled(njit(**options)(function))


def import_compiled(name: str) -> ModuleType:
    """Import a module whose functions numba caches, also where it may write to no folder.

    Numba raises RuntimeError where it can write neither beside the module nor below the home, as
    in a container whose user is not root; a temporary folder serves there.
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
    """Return ``NUMBA_CACHE_DIR``, or the folder of caches of this user."""
    from numba.misc.appdirs import user_cache_dir

    chosen = os.environ.get("NUMBA_CACHE_DIR") or user_cache_dir("attentionviz", False)
    return Path(chosen).absolute() / "compiled"


class _KeptCode:
    """The cache of one jitted function; numba calls these names.

    What cannot be read, is another user's or incomplete is compiled again; where nothing can be
    written, every process compiles for itself.
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
            if os.stat(self._place(digest)).st_uid != os.geteuid():
                return None
            reduced = self._file(digest).load(digest)
        except OSError:
            return None
        except Exception:  # a file that is incomplete fails in many ways
            shutil.rmtree(self._place(digest), ignore_errors=True)
            return None
        return None if reduced is None else CompileResult._rebuild(target, *reduced)

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep numba's compile result for a signature, unless it holds addresses."""
        if result.lifted or result.library.has_dynamic_globals:
            return
        digest = self._digest(signature, result.library.codegen)
        with suppress(OSError):
            self._place(digest).mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file(digest).save(digest, result._reduce())

    def flush(self) -> None:
        """Do nothing: a changed function has other names."""

    def _place(self, digest: str) -> Path:
        return Path(self.cache_path) / f"{self._function.__name__}-{digest[:32]}"

    def _file(self, digest: str) -> Any:
        """Return numba's index and data file, which are replaced by renaming; here of one key."""
        from numba.core.caching import IndexDataCacheFile

        return IndexDataCacheFile(str(self._place(digest)), "code", digest)

    def _digest(self, signature: Any, codegen: Any) -> str:
        function = self._function
        cells = [cell.cell_contents for cell in function.__closure__ or ()]
        depends_on = (
            str(signature),
            codegen.magic_tuple(),  # the processor and what it can do
            sorted(self._options.items(), key=str),
            _versions(),
            Path(function.__code__.co_filename).read_bytes(),
            function.__code__.co_code,
            cells,
        )
        return hashlib.sha256(repr(depends_on).encode()).hexdigest()


def _versions() -> tuple[str, ...]:
    """Return the versions of what compiles, and of libraries whose functions call one another."""
    from importlib.metadata import version

    return tuple(version(name) for name in ("numba", "llvmlite", "numpy", "umap-learn"))
