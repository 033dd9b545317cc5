"""The workers that are connected to a scheduler: how many, whether they fit, what they have."""

import secrets
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from typing import Any

from distributed import Client, Future, wait

from attentionviz.errors import BuildError
from attentionviz.pipeline.cluster.on_worker import report_of, sentence
from attentionviz.pipeline.cluster.worker_report import WorkerReport, differences, report
from attentionviz.pipeline.engine import Log

# Workers of a batch system may start long after the scheduler.
WORKERS_SECONDS = 600.0
# Importing torch from a busy network file system takes long.
REPORT_SECONDS = 120.0
# A scheduler that is silent for so long hangs.
SCHEDULER_SECONDS = 120.0
POLL_SECONDS = 1.0
TO_RESUME = "; run the same command again to resume"
BEST_DEVICES = ("cuda", "mps", "cpu")


class WorkerRefusedError(BuildError):
    """A worker that does not fit: other versions, several threads, or without the data folder."""

    code = "worker_refused"


class SchedulerLostError(BuildError):
    """The connection to the scheduler is lost, or the scheduler hangs."""

    code = "scheduler_lost"


class Asked:
    """A question to workers that may hang: a task on each, whose answer may never come.

    Parameters
    ----------
    client : Client
    function : callable
        Called on each worker.
    """

    def __init__(self, client: Client, function: Callable[[], Any]) -> None:
        self._client = client
        self._function = function
        self.waiting: dict[str, Future] = {}

    def ask(self, address: str) -> None:
        """Ask a worker; it answers after the unit that it runs."""
        key = (f"question-{secrets.token_hex(8)}", 0)
        options = {"key": key, "workers": [address], "pure": False, "priority": 1}
        self.waiting[address] = self._client.submit(self._function, **options)

    def answers(self, connected: Collection[str]) -> dict[str, Any]:
        """Return the answers that have come, or the errors; forget workers that have ended."""
        found = {}
        for address, future in list(self.waiting.items()):
            if not future.done() and address in connected:
                continue
            del self.waiting[address]
            if future.status == "error":
                found[address] = future.exception(timeout=POLL_SECONDS)
            elif future.status == "finished":
                with suppress(Exception):  # its worker has ended since
                    found[address] = future.result(timeout=POLL_SECONDS)
        return found

    def forget(self) -> None:
        """Take back what is not answered."""
        for future in self.waiting.values():
            future.cancel()
        self.waiting.clear()


class Workers:
    """The workers of a scheduler.

    Attributes
    ----------
    addresses : list of str
        Of those that are connected, when last looked.
    reports : dict of str to WorkerReport
        By address; those of new workers come later.
    """

    def __init__(
        self, client: Client, device: str, log: Log, require_connected: Callable[[], None]
    ) -> None:
        self._client = client
        self._log = log
        self._require_connected = require_connected
        self._asked = Asked(client, partial(report_of, device))
        self.expected = report()
        self.addresses: list[str] = []
        self.reports: dict[str, WorkerReport] = {}

    @property
    def hosts(self) -> list[str]:
        """Names of the machines."""
        found = {self.reports[one].host for one in self.addresses if one in self.reports}
        return sorted(found)

    def __str__(self) -> str:
        n, hosts = len(self.addresses), self.hosts
        words = "1 worker" if n == 1 else f"{n} workers"
        if not hosts:
            return words
        return f"{words} on {', '.join(hosts) if len(hosts) <= 3 else f'{len(hosts)} hosts'}"

    def ask_scheduler(self, operation: str, **options: Any) -> Any:
        """Return the answer of the scheduler, of which Dask sets no limit.

        Parameters
        ----------
        operation : str
            Name of a handler of Dask's scheduler.
        **options
            Its arguments.

        Raises
        ------
        SchedulerLostError
            After `SCHEDULER_SECONDS`.
        """
        handler = getattr(self._client.scheduler, operation)
        try:
            return self._client.sync(handler, callback_timeout=SCHEDULER_SECONDS, **options)
        except TimeoutError as error:
            raise SchedulerLostError(
                f"the Dask scheduler {self._client.scheduler.address} has not answered for "
                f"{SCHEDULER_SECONDS:g} seconds{TO_RESUME}"
            ) from error

    def processing(self) -> dict[str, str]:
        """Return the worker of every task, by the text of its key."""
        found = self.ask_scheduler("processing", workers=None)
        return {str(key): worker for worker, keys in found.items() for key in keys}

    def look(self) -> None:
        """Find out which workers are connected."""
        self.addresses = list(self.ask_scheduler("identity", n_workers=-1)["workers"])

    def wait_for_one(self, device: str = "") -> None:
        """Look; wait until there is a worker, if one is named with a device; tell of changes."""
        previous = len(self.addresses)
        end = time.monotonic() + WORKERS_SECONDS
        address = self._client.scheduler.address
        is_told = False
        kind = f"worker with the device {device}" if device else "worker"
        self.look()
        while not self.addresses or (device and self.with_device(device) == []):
            if not is_told:
                self._log(
                    f"no {kind} is connected to {address}; waiting for one, such as: "
                    f"dask worker {address} --nthreads 1"
                )
                is_told = True
            if time.monotonic() > end:
                minutes = f"{WORKERS_SECONDS / 60:g} minutes"
                raise BuildError(f"no {kind} connected to {address} for {minutes}{TO_RESUME}")
            time.sleep(POLL_SECONDS)
            self._require_connected()
            self.look()
            if device:
                self.look_at_new()
        if previous not in (0, len(self.addresses)):
            self._log(f"{self} connected now")

    def ask_all(self, function: Callable[[], Any], seconds: float) -> dict[str, Any]:
        """Return the answers of all connected workers that come within some seconds."""
        asked = Asked(self._client, function)
        for address in self.addresses:
            asked.ask(address)
        found = self._wait(asked, seconds)
        asked.forget()
        return found

    def require_fit(self) -> None:
        """Get the reports of all workers; raise WorkerRefusedError if one does not fit."""
        for address in self.addresses:
            self._asked.ask(address)
        for address, one in self._wait(self._asked, REPORT_SECONDS).items():
            self._require(address, one)
        if not self.reports and not self._asked.waiting:  # those that were asked have ended
            self.wait_for_one()
            self.require_fit()
            return
        if not self.reports:
            raise WorkerRefusedError(
                f"no worker answered for {REPORT_SECONDS:g} seconds: {', '.join(self.addresses)}"
            )
        others = [a for a, one in self.reports.items() if one.cpu != self.expected.cpu]
        if others:
            self._log(
                f"{others[0]} has another processor ({self.reports[others[0]].cpu}) than this "
                f"machine ({self.expected.cpu}): last digits of some numbers may differ from those "
                "of a build on one machine"
            )

    def look_at_new(self) -> None:
        """Take the reports of workers that have come since, without waiting for them."""
        for address in self.addresses:
            if address not in self.reports and address not in self._asked.waiting:
                self._asked.ask(address)
        for address, one in self._asked.answers(self.addresses).items():
            if isinstance(one, WorkerReport):  # if it does not fit, its first unit says so
                self.reports[address] = one

    def send_away(self, address: str, problem: str) -> None:
        """End a worker that does not fit, so that it gets no units."""
        self._log(f"{problem}; it gets no units and ends")
        with suppress(Exception):
            self.ask_scheduler("retire_workers", workers=[address], close_workers=True)
        self.look()

    def best_device(self) -> str | None:
        """Return the device on which workers run the model: a GPU if any of them has one."""
        found = {one.device for one in self.reports.values()}
        return next((name for name in BEST_DEVICES if name in found), None)

    def with_device(self, device: str) -> list[str] | None:
        """Return the workers that have a device; None if all have it."""
        known = [address for address in self.addresses if address in self.reports]
        having = [address for address in known if self.reports[address].device == device]
        return None if len(having) == len(self.addresses) else having

    def _wait(self, asked: Asked, seconds: float) -> dict[str, Any]:
        end = time.monotonic() + seconds
        found = asked.answers(self.addresses)
        while asked.waiting and time.monotonic() < end:
            with self._client.as_current(), suppress(TimeoutError):
                wait(list(asked.waiting.values()), timeout=POLL_SECONDS)
            self._require_connected()
            self.look()
            found |= asked.answers(self.addresses)
        return found

    def _require(self, address: str, one: Any) -> None:
        if isinstance(one, WorkerReport):
            if problem := differences(one, self.expected):
                raise WorkerRefusedError(f"worker {address} {problem}")
            self.reports[address] = one
        elif isinstance(one, ModuleNotFoundError):
            raise WorkerRefusedError(
                f"worker {address} has no module {one.name}; install the same attentionviz there "
                "as here"
            )
        else:
            raise WorkerRefusedError(
                f"worker {address} does not answer: {type(one).__name__}: {sentence(one)}"
            )
