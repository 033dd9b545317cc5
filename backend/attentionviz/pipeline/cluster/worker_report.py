"""What must agree among the machines of a build for it to have the same bytes as on one."""

import functools
import hashlib
import platform
from pathlib import Path
from typing import NamedTuple

from attentionviz.errors import ConfigError
from attentionviz.pipeline.libraries import library_versions

PACKAGE = Path(__file__).resolve().parents[2]
CPU_FILE = Path("/proc/cpuinfo")


class WorkerReport(NamedTuple):
    """What a process that computes units says of itself.

    Attributes
    ----------
    versions : dict of str to str
        Of Python, of the libraries that can change bytes, of Dask, and a hash of this package.
    cpu : str
    n_threads : int
        Units that the process runs at the same time.
    device : str
        Where it would run a model; empty if not asked, or if it has not the device.
    host : str
        Name of its machine.
    listens_at : str
        Address at which it accepts connections; empty if not asked.
    """

    versions: dict[str, str]
    cpu: str
    n_threads: int
    device: str
    host: str = ""
    listens_at: str = ""


def report(device: str | None = None, n_threads: int = 1) -> WorkerReport:
    """Return the report of this process.

    Parameters
    ----------
    device : str or None
        As for `BuildRequest`; None: do not import torch to find it.
    n_threads : int
        Units that it runs at the same time.
    """
    name = device or ""
    if device not in (None, "cpu"):
        from attentionviz import models

        try:
            name = str(models.choose_device(device))
        except ConfigError:
            name = ""
    return WorkerReport(_versions(), _cpu(), n_threads, name, platform.node())


def differences(found: WorkerReport, expected: WorkerReport) -> str:
    """Return why a worker does not fit, as the end of a sentence; empty if it fits.

    Parameters
    ----------
    found : WorkerReport
        Of the worker.
    expected : WorkerReport
        Of the builder.
    """
    if found.n_threads != 1:
        return (
            f"runs {found.n_threads} units at the same time in one process; start it with "
            f"--nthreads 1 --nworkers {found.n_threads}"
        )
    names = sorted(found.versions.keys() | expected.versions.keys(), key=str.lower)
    pairs = [(name, found.versions.get(name), expected.versions.get(name)) for name in names]
    other = [
        f"{name} {theirs or 'none'} (here {ours or 'none'})"
        for name, theirs, ours in pairs
        if theirs != ours
    ]
    if not other:
        return ""
    return f"has other versions: {', '.join(other)}; install the same ones on all machines"


@functools.cache
def _versions() -> dict[str, str]:
    return {
        "Python": platform.python_version(),
        "attentionviz": _code_hash(),
        **library_versions(("dask", "distributed", "joblib", "threadpoolctl", "llvmlite")),
    }


def _code_hash() -> str:
    """Return the version of this package with a hash of its code, as checkouts change."""
    from attentionviz import __version__

    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return f"{__version__}+{digest.hexdigest()[:8]}"


def _cpu() -> str:
    try:
        lines = CPU_FILE.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
