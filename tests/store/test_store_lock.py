import os
import signal
import subprocess
import sys

import pytest

from attentionviz.errors import BuildError
from attentionviz.store.lock import DatasetLockedError, dataset_lock

HOLD = """
import sys, time
from pathlib import Path
from attentionviz.store.lock import dataset_lock
with dataset_lock(Path(sys.argv[1]), "x"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_builder_is_told_who_builds(tmp_path):
    with dataset_lock(tmp_path, "x"):
        with pytest.raises(DatasetLockedError, match=rf"process {os.getpid()}"):
            with dataset_lock(tmp_path, "x"):
                pytest.fail("both held the lock")


def test_datasets_have_locks_of_their_own(tmp_path):
    with dataset_lock(tmp_path, "x"), dataset_lock(tmp_path, "y"):
        assert {p.name for p in (tmp_path / ".locks").iterdir()} == {"x.lock", "y.lock"}


def test_the_lock_is_released_also_after_an_error(tmp_path):
    with pytest.raises(ValueError, match="oops"), dataset_lock(tmp_path, "x"):
        raise ValueError("oops")
    with dataset_lock(tmp_path, "x"):
        assert (tmp_path / ".locks/x.lock").read_text().startswith(f"{os.getpid()} ")


def test_a_killed_builder_leaves_no_lock_behind(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(DatasetLockedError, match=f"process {process.pid}"):
            with dataset_lock(tmp_path, "x"):
                pytest.fail("both held the lock")
        process.send_signal(signal.SIGKILL)
    with dataset_lock(tmp_path, "x"):
        assert (tmp_path / ".locks/x.lock").read_text().startswith(f"{os.getpid()} ")


def test_a_folder_that_cannot_be_created_is_reported(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BuildError, match="cannot write to"), dataset_lock(tmp_path / "file", "a"):
        pass
