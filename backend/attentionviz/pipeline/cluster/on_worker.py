"""What a Dask worker runs for a build."""

from typing import Any, NamedTuple

from distributed import Worker, get_worker

from attentionviz.errors import AppError, BuildError
from attentionviz.pipeline.cluster.worker_report import WorkerReport, differences, report
from attentionviz.pipeline.engine import Function, Job
from attentionviz.store.incoming import Session

N_LOG_LINES = 5
_checked: set[str] = set()


class Shared(NamedTuple):
    """What all units of a run share; a worker gets it once. A call has no session and no job."""

    session: Session | None
    expected: WorkerReport
    function: Function
    job: Job | None


class Answer(NamedTuple):
    """The result of a unit, and the folder in the session that holds its files."""

    result: Any
    folder: str


class Unfit(NamedTuple):
    """In place of an answer: a worker that came late and does not fit, as a sentence."""

    worker: str
    problem: str


def same(shared: Shared) -> Shared:
    """Return what units share: a task of its own, so that every worker gets it once."""
    return shared


def run_unit(shared: Shared, name: str, arguments: tuple[Any, ...]) -> Answer | Unfit:
    """Run a unit.

    Raises
    ------
    AppError
        As the unit raises it; BuildError with the worker's log for any other error.
    """
    worker = get_worker()
    if problem := _problem(shared, worker):
        return Unfit(worker.address, problem)
    try:
        return _answer(shared, arguments)
    except AppError:
        raise
    except Exception as error:
        lines = [text for _, text in worker.get_logs(n=N_LOG_LINES)]
        raise BuildError(
            f"{name} failed on worker {worker.address}: {type(error).__name__}: "
            f"{sentence(error)}{quoted(lines)}"
        ) from error


def _answer(shared: Shared, arguments: tuple[Any, ...]) -> Answer:
    if shared.session is None or shared.job is None:
        return Answer(shared.function(*arguments), "")
    folder = shared.session.make_folder()
    return Answer(shared.function(shared.job.writing_to(folder), *arguments), folder.name)


def _problem(shared: Shared, worker: Worker) -> str:
    """Check a worker once a session, as it may have come after the build had started."""
    if shared.session is not None and shared.session.token in _checked:
        return ""
    if problem := differences(report(n_threads=worker.state.nthreads), shared.expected):
        return f"worker {worker.address} {problem}"
    if shared.session is not None:
        if not shared.session.is_visible():
            return not_shared(worker.address, shared.session)
        _checked.add(shared.session.token)
    return ""


def report_of(device: str) -> WorkerReport:
    """Return the report of this worker; see `report`."""
    worker = get_worker()
    found = report(device, worker.state.nthreads)
    listener = worker.listener
    return found._replace(listens_at=listener.listen_address if listener else "")


def not_shared(address: str, session: Session) -> str:
    """Return the sentence about a worker that does not see the folder of a session."""
    folder = session.folder.parents[3]
    return (
        f"worker {address} does not see {folder} as this machine does; the data folder must be on "
        "a file system that all machines share, under the same path"
    )


def sentence(error: BaseException) -> str:
    """Return the message of an error in one line."""
    return " ".join(str(error).split()) or type(error).__name__


def quoted(lines: list[str]) -> str:
    """Return the last lines of a log as a part of a message; empty for no lines."""
    return f" (its log: {' | '.join(' '.join(line.split()) for line in lines)})" if lines else ""
