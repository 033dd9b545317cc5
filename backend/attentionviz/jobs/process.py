"""One process of a job: limits, heartbeat, termination as a process group."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple

from attentionviz.jobs import spool

PACKAGE_ROOT = Path(__file__).resolve().parents[2]
# Asked to end, a build ends its own processes and leaves nothing in shared memory.
GRACE_SECONDS = 10.0
# Settings are not for a build, and those of a shared server may hold what it keeps secret.
PREFIX = "ATTENTIONVIZ_"
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}


class ProcessLimits(NamedTuple):
    """What a process of a job may take.

    Attributes
    ----------
    memory_mb : int
        Of each of its processes; 0 for any.
    silent_seconds : float
        Without a heartbeat for so long it is dead.
    wall_seconds : float
        After so long it is ended; 0 for never.
    downloads : bool
        Whether it may ask a model hub.
    """

    memory_mb: int
    silent_seconds: float
    wall_seconds: float
    downloads: bool


class JobProcess:
    """A command of this program that runs for a job.

    Parameters
    ----------
    folder : Path
        Of the job: gets log, result and heartbeat.
    command : list of str
        Such as ``["build", "--model", …]``.
    limits : ProcessLimits
    """

    def __init__(self, folder: Path, command: list[str], limits: ProcessLimits) -> None:
        self._limits = limits
        self._heartbeat = folder / spool.HEARTBEAT
        (folder / spool.TEMPORARY).mkdir(exist_ok=True)
        self._heartbeat.unlink(missing_ok=True)
        line = [sys.executable, "-P", "-m", "attentionviz.commands.job_process"]
        with _created(folder / spool.RESULT) as out, _created(folder / spool.LOG) as log:
            self._process = subprocess.Popen(  # noqa: S603 - a command of ours, without a shell
                [*line, str(folder), str(limits.memory_mb), *command],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=log,
                env=_environment(folder / spool.TEMPORARY, limits.downloads),
                start_new_session=True,
            )
        self.pid = self._process.pid
        self._started = self._heard = time.monotonic()
        self._beat: int | None = None
        self._asked: float | None = None

    def has_ended(self) -> bool:
        """Say whether the process is over; its remains are not cleared away yet."""
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        try:
            return os.waitid(os.P_PID, self.pid, options) is not None
        except ChildProcessError:  # cleared away by somebody else
            return True

    def complaint(self) -> str | None:
        """Return why the process has to be killed; None while all is well."""
        now = time.monotonic()
        beat = _changed_ns(self._heartbeat)
        if beat != self._beat:
            self._beat, self._heard = beat, now
        if now - self._heard > self._limits.silent_seconds:
            seconds = f"{self._limits.silent_seconds:g} seconds"
            return f"it gave no sign of life for {seconds} and was ended"
        if self._limits.wall_seconds and now - self._started > self._limits.wall_seconds:
            return f"it took longer than {self._limits.wall_seconds / 60:g} minutes and was ended"
        return None

    def ask_to_end(self) -> None:
        """Ask for an orderly end; after a while, when asked again, kill."""
        if self._asked is None:
            self._asked = time.monotonic()
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)
        elif time.monotonic() - self._asked > GRACE_SECONDS:
            self.kill()

    def kill(self) -> None:
        """End the process and all that it started, at once."""
        kill_group(self.pid)

    def clear(self) -> int:
        """Kill what is left, wait, and return the exit status, negative for a signal."""
        self.kill()  # the leader is not waited for yet, so the number is still its own
        status = self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        return status


def kill_group(pid: int) -> None:
    """Kill every process of a group; nothing happens when it is gone."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def start_of(pid: int) -> int | None:
    """Return when the system started a process, in its own ticks; None where it does not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return int(fields[19])
    except (OSError, ValueError, IndexError):
        return None


def _environment(temporary: Path, downloads: bool) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    paths = [str(PACKAGE_ROOT), *filter(None, [kept.get("PYTHONPATH")])]
    own = {"PYTHONPATH": os.pathsep.join(paths), "TMPDIR": str(temporary)}
    own["PYTHONIOENCODING"] = "utf-8"  # as its log and result are read
    # Rather on the disk than in shared memory, where a killed process would leave it.
    own["JOBLIB_TEMP_FOLDER"] = str(temporary)
    return {**kept, **own, **({} if downloads else OFFLINE)}


def _created(path: Path) -> IO[bytes]:
    return path.open("wb")


def _changed_ns(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None
