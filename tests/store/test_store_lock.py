import os
import signal
import subprocess
import sys
import time

import pytest

from attentionviz.errors import BuildError
from attentionviz.store import lock
from attentionviz.store.journal import Journal
from attentionviz.store.lock import DatasetLockedError, dataset_lock
from attentionviz.store.writer import write_bytes

# As filelock writes it on a machine whose processes cannot be seen from here.
ELSEWHERE = "filelock/2\npid=7\nhost=node9\nmode=lease\ntoken=abc\nduration=0.5\nstart=1\n"

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
        assert {p.name for p in (tmp_path / ".locks").iterdir()} == {
            f"{name}.{end}" for name in "xy" for end in ("lease", "lock")
        }


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


@pytest.fixture
def lease(tmp_path, monkeypatch):
    """Return the lease of a builder on another machine; it is renewed only by the test."""
    monkeypatch.setattr(lock, "LEASE_SECONDS", 0.5)
    monkeypatch.setattr(lock, "POLL_SECONDS", 0.02)
    path = tmp_path / ".locks/x.lease"
    path.parent.mkdir()
    path.write_text(ELSEWHERE)
    return path


def test_a_builder_of_another_machine_that_renews_its_lease_is_named(tmp_path, lease):
    def renew(_):
        os.utime(lease, (1, time.time()))

    with pytest.raises(DatasetLockedError, match="process 7 of node9"):
        with dataset_lock(tmp_path, "x", renew):
            pytest.fail("both held the lock")
    with pytest.raises(DatasetLockedError, match="process 7 of node9"):
        with dataset_lock(tmp_path, "x", waits=False):
            pytest.fail("both held the lock")
    assert lease.read_text() == ELSEWHERE


def test_the_lease_of_a_dead_builder_of_another_machine_is_taken_over(tmp_path, lease):
    messages = []
    with dataset_lock(tmp_path, "x", messages.append) as held:
        held.require_held()
        assert f"pid={os.getpid()}" in lease.read_text()
    assert not lease.exists()
    assert ["node9" in one for one in messages] == [True]


def test_a_builder_whose_lease_was_taken_over_records_nothing_more(tmp_path, lease):
    lease.unlink()
    with dataset_lock(tmp_path, "x") as held:
        lease.unlink()
        lease.write_text(ELSEWHERE)
        with Journal(tmp_path, held.require_held) as journal:
            with pytest.raises(DatasetLockedError, match="lock of x was lost"):
                journal.add(write_bytes(tmp_path, "a.json", b"{}"))
        assert (tmp_path / "journal.jsonl").read_bytes() == b""
    assert lease.read_text() == ELSEWHERE
