"""How units are given to processes, and what a process may do to them."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# A worker is looked at once a second, and begins anew when it has grown by 300 MB.
LEAKY = """
import os
import sys
import time
from attentionviz.pipeline.engine import LocalEngine, Unit

def leak(job, head):
    sys.kept = [*getattr(sys, "kept", []), b"x" * 200_000_000]
    time.sleep(0.6)
    return head, os.getpid()

done = list(LocalEngine(2).run(leak, None, [Unit("", (i,), ()) for i in range(8)]))
assert sorted(head for head, _ in done) == list(range(8)), done
print(len({process for _, process in done}), "processes")
"""


def test_a_worker_restarted_for_its_memory_loses_no_unit() -> None:
    command = [sys.executable, "-W", "error::UserWarning", "-c", LEAKY]
    # Without an answer, the thread that the results come through has ended.
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) > 2, "some began anew"
