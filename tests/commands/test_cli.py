import io
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tests.support.fake_dataset import (
    FakeSpec,
    as_former,
    facts_of_heads,
    republish,
    write_fake_building,
    write_fake_dataset,
)
from tests.support.hostile_dataset import write_hostile_datasets

from attentionviz.commands import demo
from attentionviz.commands.main import EXIT_INTERRUPTED, INTERRUPTED_BUILD, main
from attentionviz.core.scores import scores_of
from attentionviz.core.types import METHODS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def build_arguments(tiny_bert, tiny_text, tmp_path):
    return [
        *("build", "--model", str(tiny_bert), "--text", str(tiny_text)),
        *("--output", str(tmp_path / "built"), "--method", "pca", "--method", "biplot"),
        *("--dims", "2", "--workers", "1", "--device", "cpu"),
    ]


@pytest.fixture
def copy_of_tiny(tiny_dataset, tmp_path):
    shutil.copytree(tiny_dataset.data_dir, tmp_path / "copy")
    return tmp_path / "copy" / tiny_dataset.folder.name


def failure(capsys, *arguments):
    """Return the sentence with which a failing command ends."""
    assert main(arguments) == 2
    *said, sentence = capsys.readouterr().err.splitlines()
    assert "Traceback" not in "".join(said)
    assert sentence.startswith("attentionviz: ")
    return sentence


def test_info_and_verify_accept_a_built_dataset(build_arguments, tmp_path, capsys):
    assert main(build_arguments) == 0
    assert "tiny-bert-tiny is built" in capsys.readouterr().out
    data_dir = ["--data-dir", str(tmp_path / "built")]
    assert main(["info", "tiny-bert-tiny", *data_dir]) == 0
    out = capsys.readouterr().out
    assert "2 layers x 2 heads" in out
    assert "biplot-2d" in out and "tsne-2d" not in out
    (next((tmp_path / "built").glob("tiny-bert-tiny@*")) / ".DS_Store").write_bytes(b"")
    assert main(["verify", *data_dir]) == 0
    assert capsys.readouterr().out == "tiny-bert-tiny: whole\n  ignored: .DS_Store\n"


def test_a_second_build_has_nothing_to_do(build_arguments, capsys):
    assert main(build_arguments) == 0
    assert main(build_arguments) == 0
    assert "nothing to do" in capsys.readouterr().out


def test_a_build_reports_its_progress(build_arguments, capsys):
    assert main(build_arguments) == 0
    said = capsys.readouterr().err
    for words in (
        "tiny.csv: 6 rows read, all taken",
        "in float64",
        "computing 8 maps",
        "pca-2d of every",
    ):
        assert words in said


def test_info_shows_every_map_with_its_measures(tiny_dataset, capsys):
    assert main(["info", "all", "--data-dir", str(tiny_dataset.data_dir)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("softmax(scaling · q·k): within " in line and "in float64" in line for line in lines)
    assert any("as stored" in line and "model's usual run (layer " in line for line in lines)
    header = next(line for line in lines if "recall@10" in line)
    assert "rank correlation" in header and "trustworthiness" in header
    first_words = [line.split()[0] for line in lines if line.strip()]
    for method in METHODS:
        assert {f"{method}-2d", f"{method}-3d"} <= set(first_words)


def test_info_accounts_for_the_corpus_of_either_format(tmp_path, capsys):
    folder = write_fake_dataset(tmp_path, FakeSpec("words", n_tokens=20))
    command = ["info", "words", "--data-dir", str(tmp_path)]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "found      semicolon-separated, 2 columns: text, topic" in said
    assert "sequences  6 rows read, 1 taken (1 cut), 5 left out: 4 blank (line 4, line 9" in said
    corpus = json.loads((folder / "manifest.json").read_bytes())["corpus"]
    del corpus["account"]
    republish(as_former(folder, version=2), {}, corpus=corpus)
    assert main(command) == 0
    assert "sequences  1 of 1" in capsys.readouterr().out


def test_info_names_the_heads_that_score_highest_on_request(tiny_dataset, capsys):
    command = ["info", "tiny-text", "--data-dir", str(tiny_dataset.data_dir)]
    assert main(command) == 0
    assert "probe_induction" not in capsys.readouterr().out
    assert main([*command, "--scores"]) == 0
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.strip()}
    heads = facts_of_heads(tiny_dataset.folder)
    for name, facts in scores_of(()).items():
        defined = [head for head in heads if head["scores"][name]["n_rows"]]
        assert (name in rows) == bool(defined)
        if not defined:
            continue
        best = max(defined, key=lambda head: head["scores"][name]["value"])
        score = best["scores"][name]
        assert f"L{best['layer']:02}H{best['head']:02} {score['value']:.3f}" in rows[name]
        assert f"{score['n_rows']:,}" in rows[name] and facts.unit in rows[name]
        assert facts.defined_by in rows[name]


def test_info_shows_why_there_is_no_probe(tiny_image_dataset, capsys):
    folder = str(tiny_image_dataset.data_dir)
    assert main(["info", "tiny-image", "--scores", "--data-dir", folder]) == 0
    out = capsys.readouterr().out
    assert "prefix matching was not run: image models have no tokens to repeat" in out
    assert "brightness_similarity" in out and "probe_previous" not in out


def test_info_shows_which_version_computed_the_scores(tmp_path, capsys):
    former = FakeSpec("former", n_tokens=20, maps=("pca-2d",), note="0.3.1", is_earlier=True)
    write_fake_dataset(tmp_path, former)
    assert main(["info", "former", "--scores", "--data-dir", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "computed by AttentionViz 0.3.1" in out
    assert "within 0.0e+00 of the model's usual run (1 sequence)" in out
    row = next(line for line in out.splitlines() if line.startswith("  distance "))
    assert "ours, until 0.3.1" in row and "mean_distance" not in out


def test_info_distinguishes_outdated_and_damaged_datasets(tmp_path, capsys):
    republish(write_fake_dataset(tmp_path, FakeSpec("old", n_tokens=20)), {}, schema_version=1)
    folder = ["--data-dir", str(tmp_path)]
    assert main(["info", "old", "--scores", *folder]) == 0
    assert "build it again" in capsys.readouterr().out
    assert main(["verify", *folder]) == 2
    out = capsys.readouterr().out
    assert out.startswith("old: it was built by an earlier version")
    assert "problem" not in out and "damaged" not in out


def test_info_shows_how_a_build_ended_and_its_folder(tmp_path, capsys):
    folder = ["--data-dir", str(tmp_path)]
    staged = write_fake_building(tmp_path, FakeSpec("ended", n_tokens=20, maps=("pca-2d",)))
    progress = json.dumps({"phase": "failed", "message": "layer 1 is not finite"})
    (staged / "progress.json").write_text(progress, encoding="utf-8")
    assert main(["info", *folder]) == main(["verify", *folder]) == 0
    out = capsys.readouterr().out
    assert out.startswith("ended  failed") and out.count("layer 1 is not finite") == 2
    assert f"to discard it, remove {staged}" in out
    write_fake_dataset(tmp_path, FakeSpec("ended", n_tokens=20, seed=1, maps=("pca-2d",)))
    assert main(["info", *folder]) == 0
    out = capsys.readouterr().out
    assert out.startswith("ended  complete") and str(staged) in out


def test_verify_accepts_all_like_info(copy_of_tiny, capsys):
    folder = ["--data-dir", str(copy_of_tiny.parent)]
    assert main(["verify", "all", *folder]) == main(["verify", *folder]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == second


def test_verify_names_a_damaged_file_and_fails(copy_of_tiny, capsys):
    (copy_of_tiny / "L01H00/pca-2d.npy").write_bytes(b"damaged")
    assert main(["verify", "tiny-text", "--data-dir", str(copy_of_tiny.parent)]) == 2
    out = capsys.readouterr().out
    assert "problem" in out
    assert "L01H00/pca-2d.npy" in out


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["--model", "no such model!"], "no such model!"),
        (["--method", "isomap"], "isomap"),
        (["--dims", "two"], "--dims"),
        (["--id", "../up"], "cannot name a dataset"),
        (["--seed", "-1"], "--seed is -1"),
        (["--text", "missing.txt"], "missing.txt"),
    ],
)
def test_an_error_is_one_line_and_status_2(build_arguments, capsys, change, words):
    assert words in failure(capsys, *build_arguments, *change)


def test_an_unknown_dataset_is_an_error(tmp_path, capsys):
    assert "no dataset" in failure(capsys, "info", "nothing", "--data-dir", str(tmp_path))
    assert "no dataset" in failure(capsys, "info", "all", "--data-dir", str(tmp_path))
    assert "no dataset" in failure(capsys, "verify", "nothing", "--data-dir", str(tmp_path))


def test_an_interrupted_build_says_how_to_resume(build_arguments, capsys, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("attentionviz.pipeline.build.build", interrupted)
    assert main(build_arguments) == 130
    assert "same command again" in capsys.readouterr().err


def test_text_and_images_exclude_each_other(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["build", "--model", "bert", "--text", "a", "--images", "b"])
    assert stopped.value.code == 2
    assert "not allowed with" in capsys.readouterr().err


def test_help_of_every_command_is_printed(capsys):
    for command in ("build", "serve", "demo", "info", "verify"):
        with pytest.raises(SystemExit) as stopped:
            main([command, "--help"])
        assert stopped.value.code == 0
        assert f"attentionviz {command}" in capsys.readouterr().out


@pytest.fixture(scope="module")
def hostile_data_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    write_hostile_datasets(folder)
    for name in ("“Sätze” · 日本.txt".encode(), b"\xe4.npy"):
        (next(folder.glob("hostile@*")) / os.fsdecode(name)).write_bytes(b"")
    return folder


COMMANDS = ("build", "demo", "export", "info", "serve", "token", "verify")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp437", "shift_jis", "utf-8"])
def test_every_command_writes_in_any_terminal_encoding(
    encoding, hostile_data_dir, tmp_path, monkeypatch
):
    written = io.BytesIO()
    for name in ("stdout", "stderr"):
        stream = io.TextIOWrapper(written, encoding=encoding, write_through=True)
        monkeypatch.setattr(sys, name, stream)
    folder = ["--data-dir", str(hostile_data_dir)]
    for command in COMMANDS:
        with pytest.raises(SystemExit, match="0"):
            main([command, "--help"])
        with pytest.raises(SystemExit, match="2"):
            main([command, "--日本=·\udce4"])
    assert main(["info", "--scores", *folder]) == 0
    assert main(["verify", *folder]) == 2
    nowhere = str(tmp_path / "“×” \udce4.jsonl")
    for option in (["--text", nowhere], ["--images", nowhere], ["--text", __file__]):
        assert main(["build", "--model", "日本·", *option, "--id", "‖"]) == 2
    assert main(["info", "日本·\udce4", *folder]) == 2
    assert main(["export", "日本", nowhere, *folder]) == 2
    assert main(["serve", "--config", nowhere]) == main(["serve", "--host", "ä“"]) == 2
    said = written.getvalue().decode(encoding)
    assert "Traceback" not in said and "hostile-pictures: whole" in said
    monkeypatch.setenv("ATTENTIONVIZ_DATA_DIR", "/srv/“Daten” 日本 😀")
    assert main(["serve", "--dump-default-config"]) == 0
    settings = written.getvalue().decode(encoding).removeprefix(said)
    assert settings.isascii() and tomllib.loads(settings)["port"] == 8561


def test_an_ascii_only_system_builds_from_files_of_any_name(tiny_bert, tmp_path):
    path = tmp_path / "“Sätze” · 日本 \udce4.csv"
    path.write_text(
        "n,Wörter\n" + "".join(f"{i},the river rose again\n" for i in range(9)), "utf-8"
    )
    where = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}
    command = [sys.executable, "-m", "attentionviz", "build", "--model", str(tiny_bert)]
    command += [
        "--output",
        str(tmp_path / "Daten ä"),
        "--text",
        str(path),
        "--text-column",
        "Wörter",
    ]
    command += ["--id", "built", "--method", "pca", "--dims", "2", "--workers", "1"]
    done = subprocess.run(command, env={**os.environ, **where}, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.isascii()
    manifest = next((tmp_path / "Daten ä").glob("built@*")) / "manifest.json"
    assert json.loads(manifest.read_bytes())["corpus"]["name"] == "“Sätze” · 日本 \\xe4"


def test_preprocess_is_the_build_command(build_arguments):
    script = ROOT / "scripts" / "preprocess.py"
    command = [sys.executable, str(script), *build_arguments[1:], "--dims", "nothing"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert result.stderr.startswith("attentionviz: --dims is 'nothing'")


def test_serve_has_an_option_for_every_setting(monkeypatch, tmp_path):
    seen = []
    monkeypatch.setattr(
        "attentionviz.server.app.serve", lambda settings, ready: seen.append(settings)
    )
    assert main(["serve", "--data-dir", str(tmp_path), "--port", "8600", "--threads", "3"]) == 0
    assert (seen[0].data_dir, seen[0].port, seen[0].threads) == (tmp_path, 8600, 3)


def test_a_built_demo_is_only_served(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("attentionviz.pipeline.demo.Demo.missing", lambda self: [])
    monkeypatch.setattr(demo, "serve", lambda settings, ready: ready("http://x/"))
    monkeypatch.setattr(demo.webbrowser, "open", lambda url: pytest.fail("opened a browser"))
    assert main(["demo", "--data-dir", str(tmp_path), "--no-browser"]) == 0
    assert "the demo datasets are built; open http://x/" in capsys.readouterr().err


def test_a_missing_demo_is_built_by_a_separate_process(monkeypatch, tmp_path):
    commands, stopped = [], []

    class FakeProcess:
        def __init__(self, demo, command, **_):
            commands.append(command)

        def stop(self):
            stopped.append(True)

    monkeypatch.setattr(demo, "DemoProcess", FakeProcess)
    monkeypatch.setattr(demo, "serve", lambda settings, ready: ready("http://x/"))
    assert main(["demo", "--data-dir", str(tmp_path), "--workers", "2", "--no-browser"]) == 0
    assert commands[0][1:] == [
        *("-m", "attentionviz", "demo", "--build-only"),
        *("--data-dir", str(tmp_path), "--workers", "2"),
    ]
    assert stopped == [True]


def test_a_browser_is_opened_only_with_a_screen(monkeypatch):
    opened = []
    monkeypatch.setattr(demo.webbrowser, "open", opened.append)
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    demo._open_browser("http://x/")
    assert opened == []
    monkeypatch.setenv("DISPLAY", ":0")
    demo._open_browser("http://x/")
    assert opened == ["http://x/"]


def test_info_continues_after_an_unreadable_dataset(copy_of_tiny, capsys):
    (copy_of_tiny / "heads/columns.npy").write_bytes(b"damaged")
    assert main(["info", "--data-dir", str(copy_of_tiny.parent)]) == 0
    assert "heads/columns.npy" in capsys.readouterr().out


def test_sigterm_ends_a_build_with_its_workers_and_says_how_to_resume(
    tiny_bert, tiny_text, tmp_path
):
    command = [sys.executable, "-m", "attentionviz", "build", "--model", str(tiny_bert)]
    command += ["--text", str(tiny_text), "--output", str(tmp_path), "--method", "umap"]
    command += ["--workers", "2", "--device", "cpu"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = iter(process.stderr)
        assert any("computing" in line for line in said)
        process.terminate()
        last = list(said)[-1]  # all writers of the pipe, workers included, have ended
        assert process.wait(timeout=60) == EXIT_INTERRUPTED
    assert last.strip() == INTERRUPTED_BUILD
