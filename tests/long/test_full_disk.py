"""A disk that fills up, at ten sizes: one sentence, nothing half shown, and the build goes on."""

import subprocess

import pytest
from tests.support.figures import Bar
from tests.support.harness import harness

pytestmark = pytest.mark.long
N_SIZES = 10
UNSHARE = ["unshare", "--map-root-user", "--mount"]


def may_mount(prefix: list[str], folder: str) -> bool:
    """Say whether this user may mount a disk in memory."""
    command = [*prefix, "sh", "-c", 'mount -t tmpfs tmpfs "$1" && umount "$1"', "sh", folder]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture
def prefix(tmp_path) -> list[str]:
    """Return what a command that mounts begins with here."""
    for found in ([], UNSHARE):
        if may_mount(found, str(tmp_path)):
            return found
    pytest.skip("FULL DISKS WERE NOT TRIED: neither root nor unshare may mount a tmpfs here")


def test_a_disk_full_at_any_size_is_one_message_and_the_build_resumes(
    tiny_bert, tiny_text, tmp_path, prefix, bar: Bar
):
    options = ["--method", "pca", "--method", "biplot", "--disks", str(N_SIZES)]
    whole, reports = harness(
        "contended_builds", tmp_path, tiny_bert, tiny_text, *options, prefix=prefix
    )
    assert len({report["n_bytes"] for report in reports}) == N_SIZES
    held = [
        report
        for report in reports
        if report["code"] == "disk_full"
        and "same command again" in report["message"]
        and "\n" not in report["message"]
        and not report["violations"]
        and not report["halves"]
        and report["again"] == 0
        and report["hash"] == whole["hash"]
    ]
    sizes = [report["n_bytes"] for report in reports]
    bar("full disk", f"sizes held, {min(sizes):,} to {max(sizes):,} bytes", len(held),
        exactly=N_SIZES)  # fmt: skip
