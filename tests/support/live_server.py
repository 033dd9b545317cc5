"""A live service with the real worker, in its own process, so that it can be killed.

``python -m tests.support.live_server SETTINGS DATASET VERSION``: answers one text, says the process
of its worker, and answers further texts, one a line of standard input; an empty line ends it.
"""

import sys

from attentionviz.live.service import LiveService, ServiceLimits
from attentionviz.live.worker_settings import WorkerSettings


def main() -> None:
    """Answer texts until an empty line."""
    settings, dataset, version = sys.argv[1:]
    service = LiveService(WorkerSettings.from_json(settings), ServiceLimits())
    question = {"dataset": dataset, "version": version, "maps": ["pca-2d"]}
    service.ask({**question, "text": "the river"})
    say(service.worker_pid)
    for line in sys.stdin:
        say(len(service.ask({**question, "text": line.strip()})))


def say(number: int | None) -> None:
    """Write one line."""
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
