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
# After SIGTERM a build ends its own processes and frees its shared memory.
GRACE_SECONDS = 10.0
# A build needs no settings of the server, and these may contain secrets.
PREFIX = "ATTENTIONVIZ_"
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}


class ProcessLimits(NamedTuple):
    """Resource limits of a process of a job.

    Attributes
    ----------
    memory_mb : int
        Memory limit of each of its processes; 0 for no limit.
    silent_seconds : float
        Timeout of the heartbeat.
    wall_seconds : float
        Timeout of the whole process; 0 for none.
    downloads : bool
        Whether it may download from a model hub.
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
        Of the job, for log, result and heartbeat.
    command : list of str
        Such as ``["build", "--model", …]``.
    limits : ProcessLimits
    """

    def __init__(self, folder: Path, command: list[str], limits: ProcessLimits) -> None:
        self._limits = limits
        self._heartbeat = folder / spool.HEARTBEAT
        (folder / spool.TEMPORARY).mkdir(exist_ok=True)
        self._heartbeat.unlink(missing_ok=True)
        job_command = [sys.executable, "-P", "-m", "attentionviz.commands.job_process"]
        with _created(folder / spool.RESULT) as out, _created(folder / spool.LOG) as log:
            self._process = subprocess.Popen(  # noqa: S603 - a command of ours, without a shell
                [*job_command, str(folder), str(limits.memory_mb), *command],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=log,
                env=_environment(folder / spool.TEMPORARY, limits.downloads),
                start_new_session=True,
            )
        self.pid = self._process.pid
        self._started = self._last_beat = time.monotonic()
        self._beat_ns: int | None = None
        self._terminated: float | None = None

    def has_ended(self) -> bool:
        """Return whether the process has exited; it is not reaped yet."""
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        try:
            return os.waitid(os.P_PID, self.pid, options) is not None
        except ChildProcessError:  # reaped elsewhere
            return True

    def exceeded_limit(self) -> str | None:
        """Return which limit the process exceeds, as a message; None if none."""
        now = time.monotonic()
        beat_ns = _changed_ns(self._heartbeat)
        if beat_ns != self._beat_ns:
            self._beat_ns, self._last_beat = beat_ns, now
        if now - self._last_beat > self._limits.silent_seconds:
            seconds = f"{self._limits.silent_seconds:g} seconds"
            return f"it sent no heartbeat for {seconds} and was stopped"
        if self._limits.wall_seconds and now - self._started > self._limits.wall_seconds:
            return f"it took longer than {self._limits.wall_seconds / 60:g} minutes and was stopped"
        return None

    def terminate(self) -> None:
        """Send SIGTERM; a later call, after the grace period, kills the process group."""
        if self._terminated is None:
            self._terminated = time.monotonic()
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)
        elif time.monotonic() - self._terminated > GRACE_SECONDS:
            self.kill()

    def kill(self) -> None:
        """Kill the process group."""
        kill_group(self.pid)

    def kill_and_wait(self) -> int:
        """Kill the group, wait, and return the exit status, negative for a signal."""
        self.kill()  # the leader is not reaped yet, so its process id cannot be reused
        status = self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        return status


def kill_group(pid: int) -> None:
    """Kill every process of a group, if it still exists."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def start_of(pid: int) -> int | None:
    """Return the start time of a process, in clock ticks since boot; None if unknown."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return int(fields[19])
    except (OSError, ValueError, IndexError):
        return None


def _environment(temporary: Path, downloads: bool) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    paths = [str(PACKAGE_ROOT), *filter(None, [inherited.get("PYTHONPATH")])]
    own = {"PYTHONPATH": os.pathsep.join(paths), "TMPDIR": str(temporary)}
    own["PYTHONIOENCODING"] = "utf-8"  # log and result are read as UTF-8
    # On the disk and not in shared memory, where a killed process would leak it.
    own["JOBLIB_TEMP_FOLDER"] = str(temporary)
    return {**inherited, **own, **({} if downloads else OFFLINE)}


def _created(path: Path) -> IO[bytes]:
    return path.open("wb")


def _changed_ns(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None
