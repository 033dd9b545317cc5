"""What a build will take, told before it begins, against what it takes."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from attentionviz.commands.main import main
from attentionviz.jobs.records import parse_estimate
from attentionviz.pipeline import estimate as module
from attentionviz.pipeline.build import build, prepare
from attentionviz.pipeline.calibration import Curve, calibrate
from attentionviz.pipeline.estimate import Estimate, estimate, format_estimate
from attentionviz.pipeline.request import BuildRequest
from attentionviz.store import layout

ROOT = Path(__file__).resolve().parents[2]


def tiny_request(model: Path, out: Path, **changes: object) -> BuildRequest:
    changes = {"methods": ("pca",), "dims": (2,), **changes}
    return BuildRequest(
        model=str(model), output=out, dataset_id="tiny", n_workers=1, device="cpu", **changes
    )


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_an_estimate_counts_the_sequences_of_the_build(tiny_bert, tiny_text, tmp_path):
    request = tiny_request(
        tiny_bert, tmp_path / "out", text=tiny_text, max_tokens=40, methods=("pca", "tsne")
    )
    found = estimate(request)
    result = build(request)
    manifest = json.loads((result.folder / layout.MANIFEST).read_bytes())
    assert found.dataset_id == "tiny"
    assert found.n_tokens == manifest["n_tokens"]
    assert (found.n_sequences, found.n_sequences_total) == (manifest["n_sequences"], 6)
    assert found.account == manifest["corpus"]["account"]
    assert (found.n_heads, found.n_maps) == (4, 8)
    assert found.seconds > 0


@pytest.mark.parametrize("choice", ["all", "none"])
def test_an_estimate_says_what_is_lost_and_is_read_as_that_of_a_job(
    choice, tiny_bert, tiny_text, tmp_path
):
    found = estimate(tiny_request(tiny_bert, tmp_path, text=tiny_text, keep_vectors=choice))
    assert parse_estimate(json.dumps(found._asdict()))["lost"] == found.lost
    assert ("--keep-vectors none: " in format_estimate(found)) == (choice == "none")


def test_a_curve_follows_the_timed_sizes_and_their_exponent_beyond():
    assert Curve((500,), (2.0,)).at(1500) == pytest.approx(6)
    squared = Curve((10, 20, 40), (1.0, 4.0, 16.0))
    assert [squared.at(n) for n in (10, 20, 30, 40, 80)] == pytest.approx([1, 4, 9, 16, 64])
    constant, cubic = Curve((10, 20), (1.0, 1.0)), Curve((10, 20), (1.0, 8.0))
    assert constant.at(40) == pytest.approx(2)  # at least linear
    assert cubic.at(40) == pytest.approx(32)  # at most quadratic


def test_an_estimate_writes_nothing(tiny_bert, tiny_text, tmp_path):
    estimate(tiny_request(tiny_bert, tmp_path / "out", text=tiny_text))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("methods", [("pca",), ("biplot", "attention-tsne", "tsne")])
def test_estimated_bytes_of_a_text_are_close_to_those_of_the_dataset(
    methods, tiny_bert, tiny_text, tmp_path
):
    request = tiny_request(tiny_bert, tmp_path, text=tiny_text, methods=methods, dims=(2, 3))
    found = estimate(request)
    assert found.n_bytes == pytest.approx(size_of(build(request).folder), rel=0.2)
    assert found.n_bytes_building > found.n_bytes


def test_estimated_bytes_of_images_are_close_to_those_of_the_dataset(
    tiny_vit, tiny_images, tmp_path
):
    request = tiny_request(tiny_vit, tmp_path, images=tiny_images)
    assert estimate(request).n_bytes == pytest.approx(size_of(build(request).folder), rel=0.2)


def test_time_is_divided_over_workers_of_which_there_are_no_more_than_cores(
    tiny_bert, tiny_text, tmp_path
):
    request = tiny_request(tiny_bert, tmp_path, text=tiny_text)
    plan, model, source = prepare(request, lambda _: None)
    measured, n_heads = calibrate(plan, model, source), 1000
    one, ten = (
        module._seconds(plan, n_heads, measured, module.Workers(n, 1, 0.0, "")) for n in (1, 10)
    )
    slow = module._seconds(plan, n_heads, measured, module.Workers(10, 1, 1.0, ""))
    assert ten < one / 2
    assert slow > 2 * n_heads  # the builder records a unit of maps and one of scores of each head
    many = module.Workers.of(replace(request, n_workers=1024), lambda _: None)
    assert many.n < 1024 and "no cores for 1024" in many.words


def test_estimates_grow_with_tokens_and_maps(tiny_bert, tiny_text, tmp_path):
    few = estimate(tiny_request(tiny_bert, tmp_path, text=tiny_text, max_tokens=30))
    many = estimate(tiny_request(tiny_bert, tmp_path, text=tiny_text, dims=(2, 3)))
    assert few.n_bytes < many.n_bytes
    assert few.n_bytes_building < many.n_bytes_building


def test_the_command_prints_an_estimate_as_text_or_json_and_builds_nothing(
    tiny_bert, tiny_text, tmp_path, capsys
):
    command = ["build", "--model", str(tiny_bert), "--text", str(tiny_text), "--method", "pca"]
    command += ["--output", str(tmp_path / "out"), "--device", "cpu", "--estimate"]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "6 rows read, all taken" in said
    assert "tokens, 4 heads, 8 maps; about" in said
    assert main([*command, "--json"]) == 0
    found = Estimate(**json.loads(capsys.readouterr().out))
    assert "8 maps" in format_estimate(found)
    assert not (tmp_path / "out").exists()


def test_the_command_prints_what_was_built_as_json(tiny_bert, tiny_text, tmp_path, capsys):
    command = ["build", "--model", str(tiny_bert), "--text", str(tiny_text), "--method", "pca"]
    command += ["--output", str(tmp_path), "--dims", "2", "--workers", "1", "--json"]
    assert main(command) == 0
    found = json.loads(capsys.readouterr().out)
    assert (tmp_path / f"{found['dataset_id']}@{found['version']}").is_dir()


@pytest.mark.slow
@pytest.mark.long
def test_the_estimate_for_the_embedded_corpus_is_within_a_factor_of_three(tmp_path):
    request = BuildRequest(
        model="demo-bert",
        output=tmp_path,
        text=ROOT / "data" / "corpora" / "sentences.csv",
        methods=("biplot", "pca", "attention-tsne"),
        dims=(2,),
        max_tokens=1000,
        n_workers=2,
        device="cpu",
    )
    found = estimate(request)
    started = time.perf_counter()
    result = build(request)
    seconds = time.perf_counter() - started
    n_bytes = size_of(result.folder)
    print(f"estimated {found.seconds:.0f} s and {found.n_bytes / 1e6:.1f} MB")  # noqa: T201
    print(f"measured {seconds:.0f} s and {n_bytes / 1e6:.1f} MB")  # noqa: T201
    assert seconds / 3 < found.seconds < seconds * 3
    assert found.n_bytes == pytest.approx(n_bytes, rel=0.1)
