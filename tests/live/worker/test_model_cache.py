"""The model of a dataset is found on this machine, where the operator allows it, and proved."""

import shutil
from pathlib import Path

import pytest
from tests.conftest import TinyDataset
from tests.live.worker.conftest import Live, live_of, settings_of
from tests.support.fake_dataset import republish
from tests.support.tiny_models import save_tiny_bert

from attentionviz import models
from attentionviz.errors import LiveUnavailableError, ModelNotAvailableError
from attentionviz.live.worker import model_cache
from attentionviz.live.worker.session import Session
from attentionviz.live.worker_settings import WorkerSettings
from attentionviz.store.reader import open_dataset

HUB = {"name": "bert", "source": "google-bert/bert-base-uncased", "revision": "8" * 40}
LOCAL = {"name": "tiny-bert", "source": "local folder", "revision": None}


@pytest.fixture
def copy(tiny_dataset: TinyDataset, tmp_path: Path) -> TinyDataset:
    """Return a copy of the dataset that may be changed."""
    data_dir = tmp_path / "built"
    shutil.copytree(tiny_dataset.data_dir, data_dir)
    return tiny_dataset._replace(data_dir=data_dir, folder=data_dir / tiny_dataset.folder.name)


def found(described: dict, *folders: Path) -> Path:
    return models.find_described(described, None, folders).folder


def test_a_local_model_is_found_by_name_in_the_configured_folders(tmp_path: Path) -> None:
    for folder in ("a/other", "b/tiny-bert"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "config.json").write_text("{}")
    assert found(LOCAL, tmp_path / "a", tmp_path / "b") == tmp_path / "b" / "tiny-bert"
    with pytest.raises(ModelNotAvailableError, match="--live-model-folder"):
        found(LOCAL, tmp_path / "a")
    with pytest.raises(ModelNotAvailableError, match="--live-model-folder"):
        found(LOCAL)


@pytest.mark.parametrize("name", ["../secret", "/etc", "..", ".", "", "a/b", "a\\b", "a\0b", "~"])
def test_no_model_name_escapes_the_configured_folders(name: str, tmp_path: Path) -> None:
    for folder in ("models", "secret", "models/a/b"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / "config.json").write_text("{}")
    with pytest.raises(ModelNotAvailableError):
        found({**LOCAL, "name": name}, tmp_path / "models")


@pytest.mark.parametrize(
    "source",
    ["/etc", "../x", "a/../b", ".", "https://hub.example/a", "a/b@main", "a/b/c", "a b", "", "~/x"],
)
def test_an_invalid_hub_name_is_not_looked_up(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from attentionviz.models import find_model

    monkeypatch.setattr(find_model, "snapshot_download", lambda *_, **__: pytest.fail("looked up"))
    with pytest.raises(ModelNotAvailableError, match="does not say where"):
        found({**HUB, "source": source})


@pytest.mark.parametrize("revision", [None, "main", "8" * 39, "../x", "8" * 40 + "\n", 7])
def test_a_hub_model_needs_a_commit_as_revision(revision: object) -> None:
    with pytest.raises(ModelNotAvailableError, match="does not say where"):
        found({**HUB, "revision": revision})


def test_a_hub_model_is_read_from_the_cache_and_never_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    from attentionviz.models import find_model

    asked: list[dict] = []
    real = find_model.snapshot_download
    monkeypatch.setattr(
        find_model,
        "snapshot_download",
        lambda repo, **options: asked.append(options) or real(repo, cache_dir=tmp_path, **options),
    )
    with pytest.raises(ModelNotAvailableError, match=f"hf download .* --revision {'8' * 40}"):
        found(HUB)
    snapshot = tmp_path / "models--google-bert--bert-base-uncased" / "snapshots" / ("8" * 40)
    snapshot.mkdir(parents=True)
    assert found(HUB) == snapshot
    assert all(options["local_files_only"] for options in asked)


def test_weights_with_another_hash_are_never_loaded(
    copy: TinyDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = save_tiny_bert(tmp_path / "models" / "tiny-bert", seed=1)
    from attentionviz.models import loading

    monkeypatch.setattr(loading, "_load_network", lambda *_: pytest.fail("loaded"))
    with pytest.raises(ModelNotAvailableError, match="the weights of tiny-bert .* have SHA-256"):
        live_of(copy, other).ask(text="the river")


def test_a_dataset_with_another_weights_hash_is_refused(copy: TinyDataset, tiny_bert: Path) -> None:
    manifest = open_dataset(copy.data_dir, copy.dataset_id).manifest
    lying = {**manifest["model"], "weights_sha256": "0" * 64}
    republish(copy.folder, {}, model=lying)
    with pytest.raises(ModelNotAvailableError, match="have SHA-256"):
        live_of(copy, tiny_bert).ask(text="the river")


def changed_model(tiny_bert: Path, tmp_path: Path, name: str, old: str, new: str) -> Path:
    """Return a copy of the model with something else in one of its settings."""
    folder = tmp_path / "changed" / tiny_bert.name
    shutil.copytree(tiny_bert, folder)
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new))
    return folder


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("tokenizer.json", '"the": ', '"teh": '),
        ("config.json", '"hidden_act": "gelu"', '"hidden_act": "relu"'),
        ("config.json", '"num_attention_heads": 2', '"num_attention_heads": 4'),
    ],
)
def test_the_same_weights_with_other_settings_are_refused(
    name: str, old: str, new: str, tiny_dataset: TinyDataset, tiny_bert: Path, tmp_path: Path
) -> None:
    other = changed_model(tiny_bert, tmp_path, name, old, new)
    with pytest.raises(LiveUnavailableError, match="has other settings than when tiny-text"):
        live_of(tiny_dataset, other).ask(text="the river")


def test_a_model_with_other_counts_than_the_dataset_is_refused(
    tiny_image_dataset: TinyDataset, tiny_vit: Path, tmp_path: Path
) -> None:
    other = changed_model(tiny_vit, tmp_path, "config.json", '"patch_size": 8', '"patch_size": 6')
    with pytest.raises((LiveUnavailableError, ModelNotAvailableError)):
        live_of(tiny_image_dataset, other).ask(b"")


def test_loading_is_announced_once_and_two_models_are_cached(
    tiny_dataset: TinyDataset, tiny_bert: Path, tiny_image_dataset: TinyDataset, tiny_vit: Path
) -> None:
    known = model_cache.ModelCache(settings_of(tiny_dataset.data_dir, tiny_bert, tiny_vit))
    readers = [
        open_dataset(one.data_dir, one.dataset_id) for one in (tiny_dataset, tiny_image_dataset)
    ]
    loaded: list[str] = []
    for reader in (*readers, *readers):
        known.model_of(reader, lambda reader=reader: loaded.append(reader.dataset_id))
    assert loaded == ["tiny-text", "tiny-image"]


def test_a_damaged_dataset_is_reported(copy: TinyDataset, tiny_bert: Path) -> None:
    from attentionviz.errors import DamagedDatasetError

    path = copy.folder / "L00H00" / "queries.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedDatasetError, match="queries.npy has changed"):
        live_of(copy, tiny_bert).ask(text="the river")


def test_worker_settings_survive_serialisation(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, tmp_path / "a" / "b", cache_mb=7)
    assert WorkerSettings.from_json(settings.to_json()) == settings


def test_without_a_model_folder_the_setting_is_named(live: Live) -> None:
    session = Session(settings_of(live.reader.files.folder.parent))
    with pytest.raises(ModelNotAvailableError, match="--live-model-folder"):
        Live(session, live.reader).ask(text="x")
