"""Builds whose maps a GPU computes; here PyTorch's CPU takes its place."""

import json
from dataclasses import replace

import pytest

from attentionviz.errors import BuildError
from attentionviz.pipeline import plan
from attentionviz.pipeline.build import build
from attentionviz.pipeline.device_units import heads_per_unit
from attentionviz.pipeline.engine import MAX_DEVICE_PROCESSES, LocalEngine
from attentionviz.pipeline.report import summary
from attentionviz.projections import torch_maps


@pytest.fixture
def request_(request_):
    return replace(request_, methods=("pca", "attention-tsne", "tsne"))


@pytest.fixture
def on_gpu(monkeypatch):
    """Make builds believe that they are on a GPU; return the calls of it."""
    calls = []
    project_heads = torch_maps.project_heads

    def on_cpu(method, heads, *, device, **options):
        calls.append((method, len(heads), device))
        return project_heads(method, heads, device="cpu", **options)

    monkeypatch.setattr(torch_maps, "project_heads", on_cpu)
    monkeypatch.setattr(plan, "_device", lambda model: "cuda")
    return calls


def manifest_of(result):
    return json.loads((result.folder / "manifest.json").read_bytes())


def test_a_gpu_computes_maps_of_several_heads_and_the_dataset_says_so(
    request_, on_gpu, monkeypatch
):
    manifest = manifest_of(build(request_))
    assert on_gpu == [("attention-tsne", 4, "cuda"), ("tsne", 4, "cuda")]
    devices = {name: facts.get("device") for name, facts in manifest["maps"].items()}
    assert devices == {"attention-tsne-2d": "cuda", "pca-2d": None, "tsne-2d": "cuda"}
    assert "attention-tsne-2d, tsne-2d computed on cuda" in summary(manifest)
    monkeypatch.undo()
    numpys = manifest_of(build(replace(request_, dataset_id="numpy")))
    assert len(on_gpu) == 2 and "computed on" not in summary(numpys)
    for name in devices:
        ours, expected = (made["fidelity"][name]["recall_at_10"] for made in (manifest, numpys))
        assert ours == pytest.approx(expected, abs=0.03)


def test_a_build_that_began_on_another_device_says_why_it_is_not_resumed(
    request_, on_gpu, monkeypatch
):
    def interrupted(*_, **__):
        raise BuildError("the disk is full")

    log = []
    with monkeypatch.context() as patch:
        patch.setattr(torch_maps, "project_heads", interrupted)
        with pytest.raises(BuildError, match="attention-tsne-2d of 4 heads from layer 0, head 0"):
            build(request_, log.append)
    assert not [line for line in log if "began on" in line]
    with monkeypatch.context() as patch:
        patch.setattr(plan, "_device", lambda model: "cpu")
        result = build(request_, log.append)
    (line,) = [line for line in log if "began on" in line]
    assert "began on cuda" in line and "--device cuda" in line
    assert "device" not in manifest_of(result)["maps"]["tsne-2d"]
    build(request_, log.append)  # resumes the other
    assert [name for name, *_ in on_gpu] == ["attention-tsne", "tsne"]
    assert len([line for line in log if "began on" in line]) == 1


@pytest.mark.parametrize(
    ("device", "asked", "expected"),
    [
        ("cpu", "auto", None),
        ("cuda", "auto", "cuda"),
        ("cuda:1", "auto", "cuda"),
        ("mps", "mps", "mps"),
        ("mps", "auto", None),
    ],
)
def test_maps_are_computed_where_the_model_runs(request_, device, asked, expected):
    assert plan._map_device(replace(request_, device=asked), device) == expected


def test_few_processes_share_a_gpu_and_few_large_heads_a_unit():
    assert LocalEngine(64).n_sharing_device == MAX_DEVICE_PROCESSES
    assert LocalEngine(2).n_sharing_device == LocalEngine(2).n_device_workers == 2
    assert [heads_per_unit({"n_tokens": n}) for n in (1000, 50_000, 10**6)] == [16, 5, 1]
