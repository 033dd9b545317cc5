"""Small datasets that the real pipeline builds from seeded tiny models, kept between runs."""

import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image
from tests.support.built_page import build_page
from tests.support.dataset_cache import cached_folder
from tests.support.figures import add_option, bar, show_figures

__all__ = ["bar"]

TOPICS = ("river", "letters", "travel", "river", "weather", "money")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of these tests."""
    add_option(parser)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Build the page, once also where several processes share the tests."""
    if hasattr(session.config, "workerinput"):
        return
    try:
        build_page()
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.exit(f"the page cannot be built: {error}", returncode=pytest.ExitCode.USAGE_ERROR)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """End with the table of bars."""
    show_figures(terminalreporter, config.getoption("--bars"))


class TinyDataset(NamedTuple):
    """A dataset of 2 layers x 2 heads. Tests share it: one that changes files copies it first."""

    data_dir: Path
    dataset_id: str
    version: str
    folder: Path


@pytest.fixture(scope="session")
def tiny_bert() -> Path:
    """Return the folder of a seeded tiny BERT."""
    return _kept_model("bert")


@pytest.fixture(scope="session")
def tiny_vit() -> Path:
    """Return the folder of a seeded tiny ViT: 3 x 3 patches of 8 px and a class token."""
    return _kept_model("vit")


@pytest.fixture(scope="session")
def tiny_gpt2() -> Path:
    """Return the folder of a seeded tiny GPT-2."""
    return _kept_model("gpt2")


@pytest.fixture(scope="session")
def tiny_text() -> Path:
    """Return a CSV corpus of six sentences with a topic each."""
    return cached_folder("corpus-text", _write_text) / "tiny.csv"


@pytest.fixture(scope="session")
def tiny_images() -> Path:
    """Return a folder of five seeded pictures with labels.csv."""
    return (
        cached_folder("corpus-images", lambda folder: _write_pictures(folder / "pictures"))
        / "pictures"
    )


@pytest.fixture(scope="session")
def tiny_dataset(tiny_bert: Path, tiny_text: Path) -> TinyDataset:
    """Return a text dataset with every map."""
    return kept_dataset("tiny-text", model=tiny_bert, text=tiny_text)


@pytest.fixture(scope="session")
def tiny_causal_dataset(tiny_gpt2: Path, tiny_text: Path) -> TinyDataset:
    """Return the same sentences read by a model that only looks back."""
    return kept_dataset("tiny-causal", model=tiny_gpt2, text=tiny_text)


@pytest.fixture(scope="session")
def tiny_image_dataset(tiny_vit: Path, tiny_images: Path) -> TinyDataset:
    """Return an image dataset with every map."""
    return kept_dataset("tiny-image", model=tiny_vit, images=tiny_images)


def kept_dataset(dataset_id: str, *, model: Path | str, **request: Any) -> TinyDataset:
    """Return a dataset that is built once and kept between runs; its id names it."""

    def make(data_dir: Path) -> None:
        from attentionviz.pipeline.build import build
        from attentionviz.pipeline.request import BuildRequest

        fixed = {"output": data_dir, "dataset_id": dataset_id, "n_workers": 1, "device": "cpu"}
        build(BuildRequest(model=str(model), **fixed, **request))

    data_dir = cached_folder(f"dataset-{dataset_id}", make)
    name = (data_dir / f"{dataset_id}.current").read_text(encoding="utf-8").strip()
    return TinyDataset(data_dir, dataset_id, name.partition("@")[2], data_dir / name)


def _kept_model(name: str) -> Path:
    def make(folder: Path) -> None:
        from tests.support import tiny_models

        getattr(tiny_models, f"save_tiny_{name}")(folder / f"tiny-{name}")

    return cached_folder(f"model-{name}", make) / f"tiny-{name}"


def _write_text(folder: Path) -> None:
    from tests.support.tiny_models import SENTENCES

    rows = [f'"{text}",{topic}' for text, topic in zip(SENTENCES, TOPICS, strict=True)]
    lines = "\n".join(["text,topic", *rows]) + "\n"
    (folder / "tiny.csv").write_text(lines, encoding="utf-8")


def _write_pictures(folder: Path) -> None:
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i in range(5):
        coarse = rng.integers(0, 256, (3, 3, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((48, 36)).save(folder / f"{i}.png")
    labels = "".join(f"{i}.png,{('odd', 'even')[i % 2 == 0]}\n" for i in range(5))
    (folder / "labels.csv").write_text("file,label\n" + labels, encoding="utf-8")
