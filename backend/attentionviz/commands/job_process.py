"""The process of a job: one command of this program that ends with the server that started it.

``python -m attentionviz.commands.job_process FOLDER MEMORY_MB build …``; its standard input is a
pipe that the server holds open. It beats by touching ``FOLDER/heartbeat`` every second.
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
        Folder of the job, memory in MB that each process may have (0: any), and the command.
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
    """End this process and all that it started once nobody holds the other end of the pipe."""
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
