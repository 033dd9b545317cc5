"""The engine that runs units on the workers of a Dask cluster.

The scheduler and the workers are started by other programs. Workers share the data folder: they
read from it, and write to a session in it (`store.incoming`) from which this process moves checked
files to their places.
"""

import asyncio
import importlib.metadata
import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any

from distributed import Client, Future
from distributed.comm import connect as dask_connect
from distributed.comm.core import CommClosedError
from distributed.scheduler import KilledWorker
from distributed.security import Security

from attentionviz.errors import AppError, BuildError
from attentionviz.pipeline.cluster.in_flight import UnitsInFlight
from attentionviz.pipeline.cluster.on_worker import (
    N_LOG_LINES,
    Answer,
    Unfit,
    not_shared,
    quoted,
    sentence,
)
from attentionviz.pipeline.cluster.workers import (
    POLL_SECONDS,
    SCHEDULER_SECONDS,
    TO_RESUME,
    SchedulerLostError,
    WorkerRefusedError,
    Workers,
)
from attentionviz.pipeline.engine import Engine, Function, Job, Log, Unit
from attentionviz.pipeline.request import BuildRequest
from attentionviz.store import incoming
from attentionviz.store.incoming import Session, WrongFilesError

CONNECT_SECONDS = 20.0
# Units given to the scheduler in advance, for each worker: few, so that it stays small.
UNITS_PER_WORKER = 8
CHECK_SECONDS = 5.0
LOG_SECONDS = 10.0
# A unit that takes so long, and so many times longer than any before, runs on another worker too.
HANG_SECONDS, HANG_FACTOR = 900.0, 10.0
MAX_TRIES = 4
LOOPBACK = ("127.", "[::1]", "localhost")


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
    address = str(request.scheduler)
    if request.scheduler_file is not None:
        address = _address_in(request.scheduler_file)
    place = f"at {address}"
    if request.scheduler_file is not None:
        place += f" of {request.scheduler_file}"
    try:
        client = _open(address)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise BuildError(
            f"cannot connect to the Dask scheduler {place}: {sentence(error)}; start it with: "
            "dask scheduler"
        ) from error
    try:
        yield DaskEngine(client, request.device, log)
    finally:
        with suppress(Exception):
            client.close(timeout=CHECK_SECONDS)


def _open(address: str) -> Client:
    """Return a client, opened in a thread as Dask waits for ever where nobody answers."""
    opened: queue.SimpleQueue[Client | Exception] = queue.SimpleQueue()

    def run() -> None:
        options = {"timeout": CONNECT_SECONDS, "set_as_default": False, "name": "attentionviz"}
        try:
            asyncio.run(_require_answer(address))
            opened.put(Client(address, **options))
        except Exception as error:
            opened.put(error)

    threading.Thread(target=run, name="connection", daemon=True).start()
    try:
        found = opened.get(timeout=CONNECT_SECONDS + CHECK_SECONDS)
    except queue.Empty:
        raise TimeoutError(f"no answer for {CONNECT_SECONDS:g} seconds") from None
    if isinstance(found, Exception):
        raise found
    return found


async def _require_answer(address: str) -> None:
    """Raise OSError if no scheduler answers.

    A client of an address where nothing answers stays in Dask's event loop, which all clients of a
    process share, and delays the next ones.
    """
    security = Security().get_connection_args("client")
    (await dask_connect(address, timeout=CONNECT_SECONDS, **security)).abort()


def _address_in(file: Path) -> str:
    """Return the address in a scheduler file, which may be written a moment later."""
    end = time.monotonic() + CONNECT_SECONDS
    while True:
        problem = f"{file} does not exist"
        with suppress(OSError):
            try:
                content = json.loads(file.read_bytes())
                return str(content["address"])
            except (ValueError, TypeError, LookupError):
                problem = f"{file} contains no address of a scheduler"
        if time.monotonic() > end:
            raise BuildError(
                f"{problem}; start the scheduler with: dask scheduler --scheduler-file {file}"
            )
        time.sleep(POLL_SECONDS)


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
        self._session: Session | None = None
        self._folder = Path()
        self._address = str(client.scheduler.address)
        self._workers = Workers(client, device, log, self._require_connected)
        with self._connected():
            self._workers.wait_for_one()
            self._workers.require_fit()
            self._tell_exposure()
        self.device = self._workers.best_device()
        if self.device is None:
            raise WorkerRefusedError(f"no worker has the device {device}")
        self._dashboard = self._find_dashboard()
        log(f"connected to {self.description}; dashboard: {self._dashboard or 'none'}")

    @property
    def n_workers(self) -> int:
        """Number of connected workers when last looked, at least 1."""
        return max(1, len(self._workers.addresses))

    @property
    def n_device_workers(self) -> int:
        """Number of connected workers with the `device` when last looked, at least 1."""
        having = self._with_device()
        return self.n_workers if having is None else max(1, len(having))

    @property
    def description(self) -> str:
        """Number of workers, their machines, and the address of the scheduler."""
        return f"{self._workers} ({self._address})"

    def cluster(self) -> dict[str, Any]:
        """Return number of workers, hosts and dashboard; see `Engine.cluster`."""
        return {
            "n_workers": len(self._workers.addresses),
            "hosts": self._workers.hosts,
            "dashboard": self._dashboard,
        }

    @contextmanager
    def in_folder(self, folder: Path) -> Iterator[None]:
        """Use the folder of a build; see `Engine.in_folder`."""
        self._folder = folder
        self._session = incoming.open_session(folder)
        try:
            with self._connected():
                self._require_shared(self._session)
            yield
        finally:
            self._session = None
            with suppress(OSError):
                incoming.close_sessions(folder)

    def on_every_worker(self, function: Callable[[], None]) -> None:
        """Call a function once on each worker; see `Engine.on_every_worker`."""
        if self._client.status == "running":
            with suppress(Exception), self._connected():
                self._workers.ask_all(function, CHECK_SECONDS)

    def call(self, name: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return the answer of a worker; see `Engine.call`."""
        run = UnitsInFlight(self._client, None, self._workers.expected, function, None)
        [answer] = self._results(run, [Unit(name, arguments, ())], on_device=True)
        return answer

    def run(
        self, function: Function, job: Job, units: Iterable[Unit], *, on_device: bool = False
    ) -> Iterator[Any]:
        """Run units; see `Engine.run`."""
        assert self._session is not None  # noqa: S101 - in_folder has been entered
        run = UnitsInFlight(self._client, self._session, self._workers.expected, function, job)
        return self._results(run, units, on_device=on_device)

    def _results(
        self, run: UnitsInFlight, units: Iterable[Unit], *, on_device: bool
    ) -> Iterator[Any]:
        device = str(self.device) if on_device else ""
        waiting = iter(units)
        last_check = time.monotonic()
        try:
            with self._connected():
                if on_device:
                    self._workers.wait_for_one(device)
                    run.workers = self._with_device()
                while True:
                    n_most = UNITS_PER_WORKER * self.n_workers
                    if 2 * len(run.running) <= n_most:  # several at a time cost less
                        run.submit(islice(waiting, n_most - len(run.running)))
                    if not run.running:
                        return
                    for index, future in run.finished():
                        answer = self._answer(run, index, future)
                        if answer is not None:
                            yield answer.result
                    if time.monotonic() - last_check > CHECK_SECONDS:
                        self._check(run, device)
                        last_check = time.monotonic()
        finally:
            run.cancel()

    def _answer(self, run: UnitsInFlight, index: int, future: Future) -> Answer | None:
        """Return the answer of a finished future; None if its unit is not finished."""
        if index not in run.running:  # given to two workers, and the other one was quicker
            return None
        running = run.running[index]
        try:
            answer: Answer | Unfit = future.result(timeout=CHECK_SECONDS)
            if isinstance(answer, Unfit):
                self._workers.send_away(answer.worker, answer.problem)
                run.submit_again(index)
                return None
            if run.session is not None:
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
                raise BuildError(f"{running.unit.name} failed: {sentence(error)}") from error
            run.submit_again(index)
            return None
        except KilledWorker as error:
            raise BuildError(
                f"{running.unit.name} failed: {error.allowed_failures + 1} workers ended while "
                f"computing it, most likely for lack of memory{self._nanny_log()}{TO_RESUME}"
            ) from error
        except (AppError, CommClosedError, ConnectionError):
            raise
        except Exception as error:  # whatever a worker raises
            raise BuildError(
                f"{running.unit.name} failed: {type(error).__name__}: {sentence(error)}"
            ) from error
        run.end(index)
        return answer

    def _check(self, run: UnitsInFlight, device: str) -> None:
        """Look at the workers, wait for some if there are none, and repeat units that hang."""
        self._require_connected()
        self._workers.wait_for_one(device)
        self._workers.look_at_new()
        if run.workers is not None:
            run.move_to(self._with_device() or self._workers.addresses)
        limit = max(HANG_SECONDS, HANG_FACTOR * run.longest)
        now = time.monotonic()
        late = [i for i, one in run.running.items() if now - one.started > limit]
        late = [i for i in late if not run.running[i].is_repeated]
        if not late:
            return
        busy = self._workers.processing()
        workers = set(run.workers or self._workers.addresses)
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

    def _with_device(self) -> list[str] | None:
        return self._workers.with_device(str(self.device))

    def _require_shared(self, session: Session) -> None:
        seen = self._workers.ask_all(session.is_visible, 2 * session.patience_seconds)
        # A worker that does not answer has ended or hangs; its first unit checks it.
        for address, sees in seen.items():
            if sees is False:
                raise WorkerRefusedError(not_shared(address, session))

    def _tell_exposure(self) -> None:
        """Tell if other machines can reach the scheduler or a worker without encryption."""
        places = {a: one.listens_at for a, one in self._workers.reports.items()}
        scheduler = self._workers.ask_scheduler("identity", n_workers=0)["address"]
        for name, place in {"the scheduler": str(scheduler), **places}.items():
            scheme, _, host = place.partition("://")
            if scheme == "tcp" and not host.startswith(LOOPBACK):
                self._log(
                    f"{name} listens at {place} without TLS: whoever reaches it can run programs "
                    "as you; see docs/cluster.md"
                )
                return

    def _find_dashboard(self) -> str | None:
        """Return the address of Dask's dashboard; None without one, which needs Bokeh."""
        with suppress(Exception):
            if "dashboard" in self._workers.ask_scheduler("identity", n_workers=0)["services"]:
                limit = {"callback_timeout": SCHEDULER_SECONDS}
                self._client.run_on_scheduler(importlib.metadata.version, "bokeh", **limit)
                return str(self._client.dashboard_link)
        return None

    def _nanny_log(self) -> str:
        """Return what the processes that watch over workers logged last, as a part of a message."""
        end = time.monotonic() + LOG_SECONDS
        while time.monotonic() < end:  # a nanny answers when its next worker has started
            with suppress(Exception):
                options = {"n": N_LOG_LINES, "workers": None, "nanny": True}
                for log in self._workers.ask_scheduler("worker_logs", **options).values():
                    if any(level != "INFO" for level, _ in log):  # newest first
                        return quoted([text for _, text in reversed(log)])
            time.sleep(POLL_SECONDS)
        return ""

    def _require_connected(self) -> None:
        """Wait while the client connects again, perhaps to a scheduler that was restarted."""
        if self._client.status == "connecting":
            self._log("the connection to the Dask scheduler is lost; waiting for it")
        end = time.monotonic() + CONNECT_SECONDS + CHECK_SECONDS
        while self._client.status == "connecting" and time.monotonic() < end:
            time.sleep(POLL_SECONDS)
        if self._client.status != "running":
            raise ConnectionError(f"the client is {self._client.status}")

    @contextmanager
    def _connected(self) -> Iterator[None]:
        """Raise SchedulerLostError for what a lost connection raises in the block.

        The client is closed then, so that nothing more is asked of the scheduler.
        """
        try:
            yield
        except (SchedulerLostError, CommClosedError, ConnectionError, TimeoutError) as error:
            with suppress(Exception):
                self._client.close(timeout=CHECK_SECONDS)
            if isinstance(error, SchedulerLostError):
                raise
            raise SchedulerLostError(
                f"the connection to the Dask scheduler {self._address} is lost{TO_RESUME}"
            ) from error
