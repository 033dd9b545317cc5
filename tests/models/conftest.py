"""Models of tests come from folders; the hub is never asked."""

from collections.abc import Callable
from pathlib import Path

import huggingface_hub.constants
import pytest
import torch
from tests.support import tiny_models

from attentionviz import models


@pytest.fixture(autouse=True)
def no_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "empty-cache"))


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], models.LoadedModel]:
    """Return a function that gives "bert", "gpt2" or "vit" in its tiny form, loaded once."""
    folder = tmp_path_factory.mktemp("tiny")
    loaded: dict[str, models.LoadedModel] = {}

    def get(name: str) -> models.LoadedModel:
        if name not in loaded:
            saved = getattr(tiny_models, f"save_tiny_{name}")(folder / name)
            loaded[name] = models.load(str(saved), device="cpu", local_models=None)
        return loaded[name]

    return get


@pytest.fixture(scope="session")
def minilm() -> models.LoadedModel:
    """Return the real MiniLM, loaded once."""
    return models.load("demo-bert", device="cpu", local_models=None)


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Tiny matrices gain nothing from more, and threads that wait for each other lose much."""
    torch.set_num_threads(1)
