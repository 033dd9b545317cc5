"""The page about clusters: its commands are run as they are written, against a real Dask."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from tests.support.forked_builds import published

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
LIMIT = 300
# What stands for Slurm: a job is a shell with its variables, a step runs once for each node.
SBATCH = "#!/bin/bash\nexport SLURM_JOB_ID=1 SLURM_NNODES=2 SLURM_CPUS_PER_TASK=2\nexec bash $@\n"
SRUN = '#!/bin/bash\nshift\nfor _ in $(seq $SLURM_NNODES); do "$@" & done\nwait\n'


def section(title: str) -> str:
    """Return the text below a header."""
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def commands(title: str) -> list[str]:
    """Return every line that a section has one type."""
    words = re.sub(r"```.*?```", "", section(title), flags=re.S)
    return [line.strip() for line in re.findall(r"^    (\S.*)$", words, re.M)]


def environment(tmp_path: Path) -> dict[str, str]:
    """Return variables with the programs of this checkout, and a data folder of its own."""
    paths = [str(tmp_path), str(Path(sys.executable).parent), os.environ["PATH"]]
    own = {"PATH": os.pathsep.join(paths), "PYTHONPATH": str(ROOT / "backend")}
    return {**os.environ, **own, "ATTENTIONVIZ_DATA_DIR": str(tmp_path / "built")}


@contextmanager
def terminal(lines: list[str], env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run commands in a shell; end all that they started."""
    shell = subprocess.Popen(
        ["bash", "-c", "\n".join(lines)], cwd=ROOT, env=env, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield shell
    finally:
        with suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)
        shell.wait()


def listening(session: int) -> set[str]:
    """Return the addresses at which the processes of a session accept connections."""
    found = set()
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            if os.getsid(process.pid) == session:
                sockets = process.net_connections(kind="tcp")
                found |= {one.laddr.ip for one in sockets if one.status == "LISTEN"}
    return found


@pytest.mark.long
def test_the_commands_for_two_terminals_build_and_listen_to_this_machine_only(tmp_path):
    scheduler, workers, build = commands("A laptop, two terminals")
    env = environment(tmp_path)
    with terminal([scheduler, workers], env) as first:
        second = subprocess.run(
            build.split(), cwd=ROOT, env=env, capture_output=True, text=True, check=False,
            timeout=LIMIT,
        )  # fmt: skip
        assert second.returncode == 0, second.stderr
        assert listening(first.pid) == {"127.0.0.1"}
    assert "(tcp://127.0.0.1:8786)" in second.stderr
    assert "without TLS" not in second.stderr
    assert (published(tmp_path / "built") / "manifest.json").exists()


@pytest.mark.long
def test_the_sbatch_file_builds_where_shells_stand_for_slurm(tiny_bert, tiny_text, tmp_path):
    for name, content in (("sbatch", SBATCH), ("srun", SRUN)):
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(0o755)
    file = tmp_path / "attentionviz.sbatch"
    file.write_text(re.search(r"^```sh\n(.*?)^```$", section("Slurm"), re.M | re.S)[1])
    assert "`sbatch attentionviz.sbatch --model" in section("Slurm")
    options = f"--model {tiny_bert} --text {tiny_text} --id tried --method pca --device cpu"
    lines = [f"cd {tmp_path}", f"sbatch {file} {options} --output {tmp_path}/built"]
    with terminal(lines, environment(tmp_path)) as job:
        assert job.wait(LIMIT) == 0
    assert (published(tmp_path / "built") / "manifest.json").exists()
