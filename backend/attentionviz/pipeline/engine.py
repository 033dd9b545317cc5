"""Engines that run the units of a build: processes of this machine, or a Dask cluster.

A build knows an engine only by this interface, so that another engine is one more module.
"""

import os
import threading
import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from joblib import Parallel, delayed, parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError

from attentionviz.errors import BuildError

PARENT_POLL_SECONDS = 0.1
# Of this machine, that use one GPU: each has a context of its own in its memory.
MAX_DEVICE_PROCESSES = 8
_watched: set[int] = set()
Log = Callable[[str], None]


class Job(Protocol):
    """Inputs shared by all units of a run; sent to every worker once."""

    def writing_to(self, folder: Path) -> Self:
        """Return the same job with another folder for the files that it writes."""


@dataclass(frozen=True)
class Unit:
    """One unit of work.

    Attributes
    ----------
    name : str
        For messages, such as "umap-2d of layer 3, head 2".
    arguments : tuple
        Of the function, after the job.
    paths : tuple of str
        Relative paths that it may write.
    """

    name: str
    arguments: tuple[Any, ...]
    paths: tuple[str, ...]


Function = Callable[..., Any]
"""Called with a job and the arguments of a unit; returns a `Result`. Of a module, not local."""


class Engine(ABC):
    """Runs units of work."""

    is_remote = False
    """Whether units run on workers that other programs started."""

    device: str | None = None
    """Where the workers run a model; None for the device of the builder."""

    n_sharing_device = 1
    """Workers that share the memory of a GPU."""

    @property
    @abstractmethod
    def n_workers(self) -> int:
        """Number of units that run at the same time."""

    @property
    def n_device_workers(self) -> int:
        """Number of units on the `device` that run at the same time."""
        return self.n_workers

    @property
    @abstractmethod
    def description(self) -> str:
        """Workers in words, such as "2 processes"."""

    def cluster(self) -> dict[str, Any] | None:
        """Return what the page shows of workers that other programs started; None for others.

        Returns
        -------
        dict or None
            ``n_workers``, their ``hosts``, and the address of a ``dashboard`` or None; without
            waiting for the workers.
        """
        return None

    @contextmanager
    def in_folder(self, folder: Path) -> Iterator[None]:
        """Use the folder of a build for the duration of a ``with`` block.

        Parameters
        ----------
        folder : Path
            Exists.

        Raises
        ------
        BuildError
            If workers do not see it.
        """
        yield

    def on_every_worker(self, function: Callable[[], None]) -> None:
        """Call a function once on each worker, to free what units have kept; errors are ignored."""
        function()

    def call(self, name: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return the answer of a function that writes no file, from a worker with the `device`.

        Parameters
        ----------
        name : str
            For messages, such as "generation of target texts".
        function : callable
            Of a module, not local.
        *arguments
            Of the function.

        Raises
        ------
        AppError
            As the function raises it; BuildError if it fails otherwise, or its workers end.
        """
        return function(*arguments)

    @abstractmethod
    def run(
        self, function: Function, job: Job, units: Iterable[Unit], *, on_device: bool = False
    ) -> Iterator[Any]:
        """Run units, started in this order; yield their results as they finish.

        A unit that is lost with its worker runs again. Closing the iterator cancels the others.

        Parameters
        ----------
        function : callable
        job : Job
        units : iterable of Unit
            Consumed only a few units ahead.
        on_device : bool
            Only on workers that have the `device`.

        Raises
        ------
        BuildError
            If a unit fails, or its workers end again and again.
        """


class LocalEngine(Engine):
    """Processes of this machine, by joblib.

    Parameters
    ----------
    n_workers : int
        1: run in this process.
    """

    def __init__(self, n_workers: int) -> None:
        self._n_workers = n_workers
        self.n_sharing_device = min(n_workers, MAX_DEVICE_PROCESSES)

    @property
    def n_workers(self) -> int:
        """Number of processes."""
        return self._n_workers

    @property
    def n_device_workers(self) -> int:
        """Number of processes that use a GPU."""
        return self.n_sharing_device

    @property
    def description(self) -> str:
        """Number of processes in words."""
        return "1 process" if self._n_workers == 1 else f"{self._n_workers} processes"

    def run(
        self, function: Function, job: Job, units: Iterable[Unit], *, on_device: bool = False
    ) -> Iterator[Any]:
        """Run units; see `Engine.run`."""
        if self._n_workers == 1:
            yield from (function(job, *unit.arguments) for unit in units)
            return
        _ignore_worker_restarts()
        # As initializer, since an idle worker would outlive the builder by minutes.
        initializer = {"initializer": exit_with_parent, "initargs": (os.getpid(),)}
        with parallel_config(backend="loky", inner_max_num_threads=1, **initializer):
            parallel = Parallel(
                n_jobs=self.n_device_workers if on_device else self._n_workers,
                return_as="generator_unordered",
                batch_size=1,
            )
            results = parallel(delayed(function)(job, *unit.arguments) for unit in units)
            try:
                yield from results
            except TerminatedWorkerError as error:
                raise BuildError(
                    "a worker process was killed, most likely for lack of memory; run the same "
                    "command again with fewer --workers to resume"
                ) from error


def exit_with_parent(builder_pid: int) -> None:
    """Exit this process soon after the builder ends, since its files would not be recorded.

    Parameters
    ----------
    builder_pid : int
        Parent of this process; no effect in the builder itself.
    """
    if os.getpid() == builder_pid or builder_pid in _watched:
        return
    _watched.add(builder_pid)

    def watch() -> None:
        while os.getppid() == builder_pid:
            time.sleep(PARENT_POLL_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="parent watch", daemon=True).start()


def _ignore_worker_restarts() -> None:
    """Ignore joblib's warning of a worker that restarts because of its memory use.

    joblib warns in the thread that delivers results. With warnings as errors, that thread would
    end and the build would hang.
    """
    message = "A worker stopped while some jobs were given to the executor"
    warnings.filterwarnings("ignore", message, UserWarning)
