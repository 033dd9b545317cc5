"""Compiled loops kept on disk: the first process compiles them, every later one reads them.

Numba's own cache is not safe for several processes: two that compile one function for different
types at once both write ``….1.nbc``, and whoever reads it next runs the code of the wrong types;
a build that draws 2-D and 3-D maps side by side does that. Here each signature has a file of its
own, named by all that its code depends on and put in place by a rename.
"""

import atexit
import hashlib
import os
import pickle
import shutil
import tempfile
import uuid
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

N_HASH_BYTES = 32


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

    A file that cannot be read, is not this user's or not whole is as none; where none can be
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
        try:
            with open(self._path(signature, target.codegen()), "rb") as file:
                is_own = os.fstat(file.fileno()).st_uid == os.geteuid()  # code of others never runs
                content = file.read() if is_own else b""
        except OSError:
            return None
        digest, code = content[:N_HASH_BYTES], content[N_HASH_BYTES:]
        if hashlib.sha256(code).digest() != digest:
            return None
        return CompileResult._rebuild(target, *pickle.loads(code))  # noqa: S301 (our own file)

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep numba's compile result for a signature, unless it holds addresses."""
        from numba.core.serialize import dumps

        if result.lifted or result.library.has_dynamic_globals:
            return
        code = dumps(result._reduce())
        path = self._path(signature, result.library.codegen)
        unfinished = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            unfinished.write_bytes(hashlib.sha256(code).digest() + code)
            unfinished.replace(path)
        except OSError:
            with suppress(OSError):
                unfinished.unlink()

    def flush(self) -> None:
        """Do nothing: a changed function has other names."""

    def _path(self, signature: Any, codegen: Any) -> Path:
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
        digest = hashlib.sha256(repr(depends_on).encode()).hexdigest()
        return Path(self.cache_path) / f"{function.__name__}-{digest[:N_HASH_BYTES]}.compiled"


def _versions() -> tuple[str, ...]:
    """Return the versions of what compiles, and of libraries whose functions call one another."""
    from importlib.metadata import version

    return tuple(version(name) for name in ("numba", "llvmlite", "numpy", "umap-learn"))
