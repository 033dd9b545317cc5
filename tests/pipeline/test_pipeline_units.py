import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from attentionviz.core.rule import LayerRule
from attentionviz.core.types import HeadId, MapName
from attentionviz.errors import BuildError
from attentionviz.pipeline.units import MapJob, run_unit, shared_neighbours
from attentionviz.store import layout
from attentionviz.store.manifest import Fidelity
from attentionviz.store.writer import write_array

HEAD = HeadId(0, 1)
LENGTHS = (6, 8, 7)
N_TOKENS = sum(LENGTHS)

BUILDER = """
import subprocess, sys, time
worker = "import os, time; from attentionviz.pipeline.engine import exit_with_parent;"
worker += "exit_with_parent(os.getppid()); print('ready', flush=True); time.sleep(60)"
child = subprocess.Popen([sys.executable, "-c", worker], stdout=subprocess.PIPE, text=True)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def job(tmp_path):
    rng = np.random.default_rng(0)
    manifest = {
        "seed": 0,
        "n_heads": 2,
        "n_key_heads": 1,
        "d_head": 8,
        "alignment": {"scale": "norm ratio"},
        "keep_vectors": {"choice": "all"},
        "layers": [{"scaling": 0.5, "is_causal": True, "max_distance": 3}],
        "maps": {"pca-2d": {"parameters": {}}, "biplot-2d": {"parameters": {}}},
    }
    for path in (layout.queries_path(HEAD), layout.keys_path(HEAD, manifest)):
        write_array(tmp_path, path, rng.standard_normal((N_TOKENS, 8), dtype=np.float32))
    return MapJob(tmp_path, manifest, LENGTHS)


def test_tokens_belong_to_their_sequence(job):
    positions = job.positions(0)
    assert positions.sequence_index.tolist() == [0] * 6 + [1] * 8 + [2] * 7
    assert positions.position.tolist() == [*range(6), *range(8), *range(7)]
    assert positions.rule == LayerRule(0.5, is_causal=True, max_distance=3)


def test_a_unit_writes_every_map_after_its_facts(job):
    maps = (MapName("biplot", 2), MapName("pca", 2))
    result = run_unit(job, HEAD, maps)
    assert [record.path for record in result.records] == [
        "L00H01/biplot-2d.json",
        "L00H01/biplot-2d.npy",
        "L00H01/pca-2d.json",
        "L00H01/pca-2d.npy",
    ]
    assert [name for name, _ in result.seconds] == ["biplot-2d", "pca-2d"]
    facts = json.loads((job.folder / "L00H01/pca-2d.json").read_bytes())
    assert set(facts["fidelity"]) == set(Fidelity.__annotations__)
    steps = np.load(job.folder / "L00H01/pca-2d.npy", allow_pickle=False)
    assert (steps.dtype, steps.shape) == (np.uint16, (2 * N_TOKENS, 2))


def test_a_unit_computed_twice_has_the_same_bytes(job):
    first = run_unit(job, HEAD, (MapName("pca", 2),))
    assert run_unit(job, HEAD, (MapName("pca", 2),)).records == first.records


def test_non_finite_vectors_are_refused_with_layer_and_head(job):
    broken = np.full((N_TOKENS, 8), np.nan, dtype=np.float32)
    write_array(job.folder, layout.queries_path(HEAD), broken)
    with pytest.raises(BuildError, match=r"layer 0, head 1: .*NaN"):
        run_unit(job, HEAD, (MapName("pca", 2),))


def test_a_method_that_fails_is_named_with_layer_and_head(job, monkeypatch):
    def fail(*_, **__):
        raise np.linalg.LinAlgError("SVD did not converge")

    monkeypatch.setattr("attentionviz.pipeline.units.project", fail)
    with pytest.raises(BuildError, match="pca-2d of layer 0, head 1 failed.*did not converge"):
        run_unit(job, HEAD, (MapName("pca", 2),))


def test_neighbours_are_computed_once_and_read_back(job):
    vectors = job.vectors(HEAD)
    found, records = shared_neighbours(job, HEAD, vectors)
    again, no_records = shared_neighbours(job, HEAD, vectors)
    assert [record.path for record in records] == ["neighbours/L00H01.npy"]
    assert no_records == []
    for one, other in zip(found, again, strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype


def test_a_worker_ends_soon_after_its_builder_was_killed():
    with subprocess.Popen(
        [sys.executable, "-c", BUILDER], stdout=subprocess.PIPE, text=True
    ) as builder:
        worker_pid = int(builder.stdout.readline())
        builder.send_signal(signal.SIGKILL)
    waiting = [sys.executable, "-c", _WAIT, str(worker_pid)]
    assert subprocess.run(waiting, timeout=30, check=False).returncode == 0


_WAIT = """
import os, sys, time
while True:
    try:
        os.kill(int(sys.argv[1]), 0)
        with open(f"/proc/{sys.argv[1]}/stat") as stat:
            if stat.read().rpartition(")")[2].split()[0] == "Z":
                break
    except (ProcessLookupError, FileNotFoundError):
        break
    time.sleep(0.1)
"""


IDLE_BUILDER = """
import os, time
from attentionviz.pipeline.engine import LocalEngine, Unit
work = lambda _: time.sleep(0.05) or os.getpid()
print(*LocalEngine(2).run(work, None, [Unit("", (), ())] * 8), flush=True)
time.sleep(60)
"""


def is_running(pid: int) -> bool:
    """Whether a process is there and not just waiting for its end to be noticed."""
    found = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return bool(found.stdout.strip()) and not found.stdout.startswith("Z")


def test_idle_workers_end_with_their_builder() -> None:
    command = [sys.executable, "-c", IDLE_BUILDER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as builder:
        assert builder.stdout is not None
        workers = {int(pid) for pid in builder.stdout.readline().split()}
        assert workers
        assert all(is_running(pid) for pid in workers)
        builder.kill()
    end = time.monotonic() + 30
    while any(is_running(pid) for pid in workers) and time.monotonic() < end:
        time.sleep(0.1)
    assert not [pid for pid in workers if is_running(pid)]
