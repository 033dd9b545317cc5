"""The units that the scheduler has, each perhaps several times."""

import queue
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass

from distributed import Client, Future

from attentionviz.pipeline.cluster.on_worker import Task, run_unit, same
from attentionviz.pipeline.cluster.worker_report import WorkerReport
from attentionviz.pipeline.engine import Function, Job, Unit
from attentionviz.store.incoming import Session

POLL_SECONDS = 1.0


@dataclass
class Running:
    """A unit that was given to the scheduler."""

    unit: Unit
    futures: list[Future]
    started: float
    n_tries: int = 1
    is_repeated: bool = False


class UnitsInFlight:
    """The units of one call of `DaskEngine.run` that the scheduler has.

    Attributes
    ----------
    running : dict of int to Running
    workers : list of str or None
        Addresses of the workers that may run them; None for all.
    """

    def __init__(
        self,
        client: Client,
        session: Session,
        expected: WorkerReport,
        function: Function,
        job: Job,
    ) -> None:
        self._client = client
        self.session = session
        self._function = function
        self._expected = expected
        self._shared = job
        self._job: Future | None = None
        self._done: queue.SimpleQueue[tuple[int, Future]] = queue.SimpleQueue()
        self._n = 0
        self._name = secrets.token_hex(8)
        self.running: dict[int, Running] = {}
        self.workers: list[str] | None = None

    def submit(self, unit: Unit) -> None:
        """Give a unit to the scheduler."""
        index, self._n = self._n, self._n + 1
        self.running[index] = Running(unit, [], time.monotonic())
        self.submit_again(index)

    def submit_again(self, index: int, workers: list[str] | None = None) -> None:
        """Give a unit to the scheduler, perhaps for the second time."""
        running = self.running[index]
        task = Task(self.session, self._expected, self._function, running.unit.name)
        group = f"{self._function.__name__}-{self._name}"
        future = self._client.submit(
            run_unit,
            task,
            self._job_future(),
            *running.unit.arguments,
            key=(group, index, len(running.futures)),
            pure=False,
            workers=workers or self.workers,
        )
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

    def _job_future(self) -> Future:
        """Return the job on the cluster: a task, which runs again when its worker ends."""
        if self._job is None or self._job.cancelled():
            key = (f"job-{self._name}", self._n)
            self._job = self._client.submit(same, self._shared, key=key, pure=False)
        return self._job

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
        others = [one for one in self.running.pop(index).futures if not one.done()]
        if others:
            self._client.cancel(others, force=True)

    def cancel(self) -> None:
        """Take back all units that are not finished."""
        left = [future for one in self.running.values() for future in one.futures]
        if left and self._client.status == "running":
            with suppress(Exception):
                self._client.cancel(left, force=True)
        self.running.clear()
