"""The engine that runs units on the workers of a Dask cluster; the only module that imports Dask.

The scheduler and the workers are started by other programs. Workers share the data folder: they
read from it, and write to a session in it (`store.incoming`) from which this process moves checked
files to their places.
"""

import logging
import queue
import secrets
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from distributed import Client, Future, Worker, get_worker
from distributed.comm.core import CommClosedError
from distributed.scheduler import KilledWorker

from attentionviz.errors import AppError, BuildError
from attentionviz.pipeline.engine import Engine, Function, Job, Log, Unit
from attentionviz.pipeline.request import BuildRequest
from attentionviz.pipeline.worker_report import WorkerReport, differences, report
from attentionviz.store import incoming
from attentionviz.store.incoming import Session, WrongFilesError

CONNECT_SECONDS = 20.0
# Workers of a batch system may start long after the scheduler.
WORKERS_SECONDS = 600.0
POLL_SECONDS = 1.0
# Units given to the scheduler in advance, for each worker: few, so that it stays small.
UNITS_PER_WORKER = 4
CHECK_SECONDS = 5.0
# A unit that takes so long, and so many times longer than any before, runs on another worker too.
HANG_SECONDS, HANG_FACTOR = 900.0, 10.0
MAX_TRIES = 4
N_LOG_LINES = 5
LOOPBACK = ("127.", "[::1]", "localhost", "inproc")
TO_RESUME = "; run the same command again to resume"
_checked: set[str] = set()


class WorkerRefusedError(BuildError):
    """A worker that does not fit: other versions, several threads, or without the data folder."""

    code = "worker_refused"


class SchedulerLostError(BuildError):
    """The connection to the scheduler is lost."""

    code = "scheduler_lost"


class _Task(NamedTuple):
    """What a worker gets with every unit."""

    session: Session
    expected: WorkerReport
    function: Function
    name: str


class _Answer(NamedTuple):
    """The result of a unit, and the folder in the session that holds its files."""

    result: Any
    folder: str
    worker: str


@dataclass
class _Running:
    """A unit that was given to the scheduler, perhaps several times."""

    unit: Unit
    futures: list[Future]
    started: float
    n_tries: int = 1
    is_repeated: bool = False


@contextmanager
def connect(request: BuildRequest, log: Log) -> Iterator["DaskEngine"]:
    """Connect to the cluster of a request for the duration of a ``with`` block.

    Parameters
    ----------
    request : BuildRequest
    log : callable

    Raises
    ------
    BuildError
        If the scheduler does not answer, no worker comes, or workers do not fit.
    """
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # told by errors of this module
    place, arguments = _place(request)
    try:
        client = Client(
            **arguments, timeout=CONNECT_SECONDS, set_as_default=False, name="attentionviz"
        )
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise BuildError(
            f"cannot connect to the Dask scheduler {place}: {_sentence(error)}; start it with: "
            "dask scheduler"
        ) from error
    try:
        yield DaskEngine(client, request.device, log)
    except (CommClosedError, ConnectionError, TimeoutError) as error:
        raise SchedulerLostError(
            f"the connection to the Dask scheduler {place} is lost{TO_RESUME}"
        ) from error
    finally:
        with suppress(Exception):
            client.close(timeout=CHECK_SECONDS)


def _place(request: BuildRequest) -> tuple[str, dict[str, Any]]:
    if request.scheduler_file is None:
        return f"at {request.scheduler}", {"address": request.scheduler}
    file = request.scheduler_file
    end = time.monotonic() + CONNECT_SECONDS
    while not file.is_file():
        if time.monotonic() > end:
            raise BuildError(
                f"{file} does not exist; start the scheduler with: "
                f"dask scheduler --scheduler-file {file}"
            )
        time.sleep(POLL_SECONDS)
    return f"of {file}", {"scheduler_file": str(file)}


def _sentence(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


class DaskEngine(Engine):
    """The workers of a Dask cluster.

    Parameters
    ----------
    client : Client
    device : str
        Where workers run a model; "auto" for a GPU where they have one.
    log : callable
    """

    is_remote = True

    def __init__(self, client: Client, device: str, log: Log) -> None:
        self._client = client
        self._log = log
        self._n_workers = 0
        self._session: Session | None = None
        self._folder = Path()
        self._longest = 0.0
        self._tell_exposure()
        self._wait_for_workers()
        self._expected = report()
        self._requested_device = device
        self._devices: dict[str, str] = {}
        self._look_at_new_workers()
        self.device = self._best_device()
        if "dashboard" in client.scheduler_info().get("services", {}):
            self.dashboard = client.dashboard_link
        log(f"connected to {self.description}; dashboard: {self.dashboard or 'none'}")

    @property
    def n_workers(self) -> int:
        """Number of connected workers when last looked."""
        return max(1, self._n_workers)

    @property
    def description(self) -> str:
        """Number of workers and the address of the scheduler."""
        workers = "1 worker" if self._n_workers == 1 else f"{self._n_workers} workers"
        return f"{workers} of {self._client.scheduler.address}"

    @contextmanager
    def in_folder(self, folder: Path) -> Iterator[None]:
        """Use the folder of a build; see `Engine.in_folder`."""
        self._folder = folder
        self._session = incoming.open_session(folder)
        try:
            self._require_shared(self._session)
            yield
        finally:
            self._session = None
            with suppress(OSError):
                incoming.close_sessions(folder)

    def on_every_worker(self, function: Function) -> None:
        """Call a function once on each worker; see `Engine.on_every_worker`."""
        with suppress(Exception):
            self._client.run(function, on_error="ignore")

    def run(
        self, function: Function, job: Job, units: Iterable[Unit], *, on_device: bool = False
    ) -> Iterator[Any]:
        """Run units; see `Engine.run`."""
        assert self._session is not None  # noqa: S101 - in_folder has been entered
        run = _Run(self._client, self._session, self._expected, function, job)
        if on_device:
            run.workers = self._with_device()
        waiting = iter(units)
        last_check = time.monotonic()
        try:
            while True:
                n_free = UNITS_PER_WORKER * self.n_workers - len(run.running)
                for unit in islice(waiting, max(0, n_free)):
                    run.submit(unit)
                if not run.running:
                    return
                for index, future in run.finished():
                    answer = self._answer(run, index, future)
                    if answer is not None:
                        yield answer.result
                if time.monotonic() - last_check > CHECK_SECONDS:
                    self._check(run)
                    last_check = time.monotonic()
        except (CommClosedError, ConnectionError, TimeoutError) as error:
            raise self._lost() from error
        finally:
            run.cancel()

    def _answer(self, run: "_Run", index: int, future: Future) -> _Answer | None:
        """Return the answer of a finished future; None if its unit is not finished."""
        if index not in run.running:  # given to two workers, and the other one was quicker
            return None
        running = run.running[index]
        try:
            answer: _Answer = future.result(timeout=CHECK_SECONDS)
            # Never by a path that a worker names: the folder is a name in this session.
            source = run.session.folder / Path(answer.folder).name
            incoming.accept(self._folder, source, answer.result.records, running.unit.paths)
        except TimeoutError:  # its worker ended before it sent the answer: it runs again
            run.watch(index, future)
            return None
        except (WrongFilesError, CancelledError) as error:
            self._require_connected()
            running.n_tries += 1
            if running.n_tries > MAX_TRIES:
                raise BuildError(f"{running.unit.name} failed: {_sentence(error)}") from error
            run.submit_again(index)
            return None
        except KilledWorker as error:
            raise BuildError(
                f"{running.unit.name} failed: {error.allowed_failures + 1} workers ended while "
                f"computing it, most likely for lack of memory{self._nanny_log()}{TO_RESUME}"
            ) from error
        except AppError:
            raise
        except (CommClosedError, ConnectionError):
            raise
        except Exception as error:  # whatever a worker raises
            raise BuildError(
                f"{running.unit.name} failed: {type(error).__name__}: {_sentence(error)}"
            ) from error
        self._longest = max(self._longest, time.monotonic() - running.started)
        run.end(index)
        return answer

    def _check(self, run: "_Run") -> None:
        """Count the workers, wait for some if there are none, and repeat units that hang."""
        self._require_connected()
        self._wait_for_workers()
        if run.workers is not None:
            self._look_at_new_workers()
            run.move_to(self._with_device() or run.workers)
        limit = max(HANG_SECONDS, HANG_FACTOR * self._longest)
        now = time.monotonic()
        late = [i for i, one in run.running.items() if now - one.started > limit]
        late = [i for i in late if not run.running[i].is_repeated]
        if not late:
            return
        busy = {str(key): worker for worker, keys in self._processing().items() for key in keys}
        workers = set(run.workers or self._addresses())
        for index in late:
            running = run.running[index]
            holder = busy.get(str(running.futures[-1].key))
            others = sorted(workers - {holder})
            if holder is None or not others:
                continue
            self._log(
                f"{running.unit.name} has taken {now - running.started:.0f} s on {holder}; it "
                "also runs on another worker"
            )
            running.is_repeated = True
            run.submit_again(index, workers=others)

    def _processing(self) -> Mapping[str, Iterable[Any]]:
        found: Mapping[str, Iterable[Any]] = self._client.processing()
        return found

    def _addresses(self) -> list[str]:
        return list(self._client.scheduler_info()["workers"])

    def _wait_for_workers(self) -> None:
        """Count the workers; wait until there is one."""
        end = time.monotonic() + WORKERS_SECONDS
        is_told = False
        while not (addresses := self._addresses()):
            address = self._client.scheduler.address
            if not is_told:
                self._log(
                    f"no worker is connected to {address}; waiting for one, such as: "
                    f"dask worker {address} --nthreads 1"
                )
                is_told = True
            if time.monotonic() > end:
                minutes = f"{WORKERS_SECONDS / 60:g} minutes"
                raise BuildError(f"no worker connected to {address} for {minutes}{TO_RESUME}")
            time.sleep(POLL_SECONDS)
            self._require_connected()
        if len(addresses) != self._n_workers and self._n_workers:
            self._log(f"{len(addresses)} workers are connected")
        self._n_workers = len(addresses)

    def _look_at_new_workers(self) -> None:
        """Get the reports of workers that have come since; raise an error if one does not fit."""
        current = self._addresses()
        new = [address for address in current if address not in self._devices]
        if not new:
            return
        found = self._client.run(_report, self._requested_device, workers=new, on_error="return")
        for address, one in found.items():
            if isinstance(one, ModuleNotFoundError):
                raise WorkerRefusedError(
                    f"worker {address} has no module {one.name}; install the same attentionviz "
                    "there as here"
                )
            if isinstance(one, OSError):  # it has ended since
                continue
            if isinstance(one, BaseException):
                raise WorkerRefusedError(
                    f"worker {address} does not answer: {type(one).__name__}: {_sentence(one)}"
                )
            if problem := differences(one, self._expected):
                raise WorkerRefusedError(f"worker {address} {problem}")
            if one.cpu != self._expected.cpu and not self._devices:
                self._log(
                    f"{address} has another processor ({one.cpu}) than this machine "
                    f"({self._expected.cpu}): last digits of some numbers may differ from those "
                    "of a build on one machine"
                )
            self._devices[address] = one.device

    def _best_device(self) -> str | None:
        """Return the device on which workers run the model: a GPU if any of them has one."""
        found = set(self._devices.values())
        best = next((name for name in ("cuda", "mps", "cpu") if name in found), None)
        if best is None:
            raise WorkerRefusedError(f"no worker has the device {self._requested_device}")
        return best

    def _with_device(self) -> list[str] | None:
        """Return the workers that have the device; None if all have it."""
        current = self._addresses()
        having = [address for address in current if self._devices.get(address) == self.device]
        return None if len(having) == len(current) else having

    def _require_shared(self, session: Session) -> None:
        seen = self._client.run(session.is_visible, on_error="return")
        # An error means that a worker has ended; if it comes back, its first unit checks it.
        blind = [address for address, sees in seen.items() if sees is False]
        if blind:
            raise WorkerRefusedError(_not_shared(blind[0], session))

    def _tell_exposure(self) -> None:
        """Tell if other machines can reach the scheduler without encryption."""
        info = self._client.scheduler_info()
        address = str(info.get("address", self._client.scheduler.address))
        scheme, _, host = address.partition("://")
        if scheme != "tls" and not host.startswith(LOOPBACK) and scheme != "inproc":
            self._log(
                f"the scheduler listens at {address} without TLS: whoever reaches it can run "
                "programs as you; see docs/cluster.md"
            )

    def _nanny_log(self) -> str:
        """Return what the processes that watch over workers logged last, as a part of a message."""
        with suppress(Exception):
            logs = self._client.get_worker_logs(n=N_LOG_LINES, nanny=True)
            lines = [
                text for entries in logs.values() for level, text in entries if level != "INFO"
            ]
            return quoted(lines)
        return ""

    def _require_connected(self) -> None:
        """Wait while the client connects again, perhaps to a scheduler that was restarted."""
        if self._client.status == "connecting":
            self._log("the connection to the Dask scheduler is lost; waiting for it")
        while self._client.status == "connecting":
            time.sleep(POLL_SECONDS)
        if self._client.status != "running":
            raise self._lost()

    def _lost(self) -> SchedulerLostError:
        address = self._client.scheduler.address if self._client.scheduler else "the scheduler"
        return SchedulerLostError(
            f"the connection to the Dask scheduler {address} is lost{TO_RESUME}"
        )


class _Run:
    """The units of one call of `DaskEngine.run` that the scheduler has."""

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
        self.running: dict[int, _Running] = {}
        self.workers: list[str] | None = None

    def submit(self, unit: Unit) -> None:
        """Give a unit to the scheduler."""
        index, self._n = self._n, self._n + 1
        self.running[index] = _Running(unit, [], time.monotonic())
        self.submit_again(index)

    def submit_again(self, index: int, workers: list[str] | None = None) -> None:
        """Give a unit to the scheduler, perhaps for the second time."""
        running = self.running[index]
        task = _Task(self.session, self._expected, self._function, running.unit.name)
        group = f"{self._function.__name__}-{self._name}"
        future = self._client.submit(
            _run_unit,
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
            self._job = self._client.submit(_same, self._shared, key=key, pure=False)
        return self._job

    def watch(self, index: int, future: Future) -> None:
        """Have `finished` yield a future when it is done."""
        future.add_done_callback(lambda done: self._done.put((index, done)))

    def finished(self) -> list[tuple[int, Future]]:
        """Wait a moment, and return the futures that are done."""
        found: deque[tuple[int, Future]] = deque()
        with suppress(queue.Empty):
            found.append(self._done.get(timeout=POLL_SECONDS))
            while True:
                found.append(self._done.get_nowait())
        return list(found)

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


def _same(job: Job) -> Job:
    return job


def _run_unit(task: _Task, job: Job, *arguments: Any) -> _Answer:
    """Run a unit; called on a worker."""
    worker = get_worker()
    _require_fit(task, worker)
    folder = task.session.make_folder()
    try:
        result = task.function(job.writing_to(folder), *arguments)
    except AppError:
        raise
    except Exception as error:
        lines = [text for _, text in worker.get_logs(n=N_LOG_LINES)]
        raise BuildError(
            f"{task.name} failed on worker {worker.address}: {type(error).__name__}: "
            f"{_sentence(error)}{quoted(lines)}"
        ) from error
    return _Answer(result, folder.name, worker.address)


def _report(device: str, dask_worker: Worker) -> WorkerReport:
    return report(device, dask_worker.state.nthreads)


def _require_fit(task: _Task, worker: Worker) -> None:
    """Check, once a session, a worker that may have come after the build had started."""
    if task.session.token in _checked:
        return
    if problem := differences(report(n_threads=worker.state.nthreads), task.expected):
        raise WorkerRefusedError(f"worker {worker.address} {problem}")
    if not task.session.is_visible():
        raise WorkerRefusedError(_not_shared(worker.address, task.session))
    _checked.add(task.session.token)


def _not_shared(address: str, session: Session) -> str:
    folder = session.folder.parents[3]
    return (
        f"worker {address} does not see {folder} as this machine does; the data folder must be on "
        "a file system that all machines share, under the same path"
    )


def quoted(lines: list[str]) -> str:
    """Return the last lines of a log as a part of a message; empty for no lines."""
    return f" (its log: {' | '.join(' '.join(line.split()) for line in lines)})" if lines else ""
