"""The units that the scheduler has, each perhaps several times."""

import queue
import secrets
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from distributed import Client, Future

from attentionviz.pipeline.cluster.on_worker import Shared, run_unit, same
from attentionviz.pipeline.cluster.worker_report import WorkerReport
from attentionviz.pipeline.cluster.workers import POLL_SECONDS
from attentionviz.pipeline.engine import Function, Job, Unit
from attentionviz.store.incoming import Session


@dataclass
class Running:
    """A unit that was given to the scheduler."""

    unit: Unit
    futures: list[Future]
    started: float
    n_tries: int = 1
    is_repeated: bool = False


class UnitsInFlight:
    """The units of one call of `DaskEngine.run` or `DaskEngine.call` that the scheduler has.

    Attributes
    ----------
    session : Session or None
        Where workers write; None for a call, which writes no file.
    running : dict of int to Running
    longest : float
        Seconds of the longest finished unit.
    workers : list of str or None
        Addresses of the workers that may run them; None for all.
    """

    def __init__(
        self,
        client: Client,
        session: Session | None,
        expected: WorkerReport,
        function: Function,
        job: Job | None,
    ) -> None:
        self._client = client
        self.session = session
        self._function = function
        self._shared = Shared(session, expected, function, job)
        self._future: Future | None = None
        self._done: queue.SimpleQueue[tuple[int, Future]] = queue.SimpleQueue()
        self._n = 0
        self._name = secrets.token_hex(8)
        self.running: dict[int, Running] = {}
        self.longest = 0.0
        self.workers: list[str] | None = None

    def submit(self, units: Iterable[Unit]) -> None:
        """Give units to the scheduler, in one message."""
        new = []
        for unit in units:
            self.running[self._n] = Running(unit, [], time.monotonic())
            new.append(self._n)
            self._n += 1
        self._submit(new, self.workers)

    def submit_again(self, index: int, workers: list[str] | None = None) -> None:
        """Give a unit to the scheduler, perhaps for the second time."""
        self._submit([index], workers or self.workers)

    def _submit(self, indices: list[int], workers: list[str] | None) -> None:
        if not indices:
            return
        several = [self.running[index] for index in indices]
        group = f"{self._function.__name__}-{self._name}"
        futures = self._client.map(
            run_unit,
            [self._shared_future()] * len(indices),
            [one.unit.name for one in several],
            [one.unit.arguments for one in several],
            key=[(group, i, len(one.futures)) for i, one in zip(indices, several, strict=True)],
            pure=False,
            workers=workers,
        )
        for index, running, future in zip(indices, several, futures, strict=True):
            running.futures.append(future)
            self.watch(index, future)

    def move_to(self, workers: list[str]) -> None:
        """Give all units to other workers if those that could run them have ended."""
        previous, self.workers = set(self.workers or ()), workers
        if previous & set(workers):
            return
        for index, running in self.running.items():
            if all(future.status == "pending" for future in running.futures):
                self.submit_again(index)

    def _shared_future(self) -> Future:
        """Return what units share: a task, which runs again when its worker ends."""
        if self._future is None or self._future.cancelled():
            key = (f"job-{self._name}", self._n)
            self._future = self._client.submit(same, self._shared, key=key, pure=False)
        return self._future

    def watch(self, index: int, future: Future) -> None:
        """Have `finished` yield a future when it is done."""
        future.add_done_callback(lambda done: self._done.put((index, done)))

    def finished(self) -> list[tuple[int, Future]]:
        """Wait a moment, and return the futures that are done."""
        found: list[tuple[int, Future]] = []
        with suppress(queue.Empty):
            found.append(self._done.get(timeout=POLL_SECONDS))
            while True:
                found.append(self._done.get_nowait())
        return found

    def end(self, index: int) -> None:
        """Forget a finished unit, also where it still runs."""
        ended = self.running.pop(index)
        self.longest = max(self.longest, time.monotonic() - ended.started)
        others = [one for one in ended.futures if not one.done()]
        if others:
            self._client.cancel(others, force=True)

    def cancel(self) -> None:
        """Take back all units that are not finished."""
        left = [future for one in self.running.values() for future in one.futures]
        if left and self._client.status == "running":
            with suppress(Exception):
                self._client.cancel(left, force=True)
        self.running.clear()
