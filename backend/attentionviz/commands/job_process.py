"""The process of a job: runs one command, and exits when the server that started it does.

``python -m attentionviz.commands.job_process FOLDER MEMORY_MB build …``; standard input is a pipe
from the server. The process touches ``FOLDER/heartbeat`` every second.
"""

import os
import resource
import signal
import sys
import threading
import time
from pathlib import Path

from attentionviz.commands.main import main as run_command

BEAT_SECONDS = 1.0
NICENESS = 10


def main(arguments: list[str]) -> int:
    """Run a command under the limits of a job; return its exit status.

    Parameters
    ----------
    arguments : list of str
        Folder of the job, memory limit of each process in MB (0: none), and the command.
    """
    folder, memory_mb, *command = arguments
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if int(memory_mb):
        n_bytes = int(memory_mb) * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (n_bytes, n_bytes))
    threading.Thread(target=_end_with_server, name="server watch", daemon=True).start()
    threading.Thread(target=_beat, args=(Path(folder),), name="heartbeat", daemon=True).start()
    return run_command(command)


def _end_with_server() -> None:
    """Kill this process and its children once the server has closed its end of the pipe."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    if os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _beat(folder: Path) -> None:
    path = folder / "heartbeat"
    while True:
        path.touch()
        time.sleep(BEAT_SECONDS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
