"""Small datasets that the real pipeline builds from seeded tiny models, once per test run."""

import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image
from tests.support.built_page import build_page
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
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a seeded tiny BERT."""
    from tests.support.tiny_models import save_tiny_bert

    return save_tiny_bert(tmp_path_factory.mktemp("models") / "tiny-bert")


@pytest.fixture(scope="session")
def tiny_vit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a seeded tiny ViT: 3 x 3 patches of 8 px and a class token."""
    from tests.support.tiny_models import save_tiny_vit

    return save_tiny_vit(tmp_path_factory.mktemp("models") / "tiny-vit")


@pytest.fixture(scope="session")
def tiny_gpt2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a seeded tiny GPT-2."""
    from tests.support.tiny_models import save_tiny_gpt2

    return save_tiny_gpt2(tmp_path_factory.mktemp("models") / "tiny-gpt2")


@pytest.fixture(scope="session")
def tiny_text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a CSV corpus of six sentences with a topic each."""
    from tests.support.tiny_models import SENTENCES

    path = tmp_path_factory.mktemp("corpora") / "tiny.csv"
    rows = [f'"{text}",{topic}' for text, topic in zip(SENTENCES, TOPICS, strict=True)]
    path.write_text("\n".join(["text,topic", *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def tiny_images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of five seeded pictures with labels.csv."""
    folder = tmp_path_factory.mktemp("corpora") / "pictures"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i in range(5):
        coarse = rng.integers(0, 256, (3, 3, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((48, 36)).save(folder / f"{i}.png")
    labels = "".join(f"{i}.png,{('odd', 'even')[i % 2 == 0]}\n" for i in range(5))
    (folder / "labels.csv").write_text("file,label\n" + labels, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def tiny_dataset(
    tiny_bert: Path, tiny_text: Path, tmp_path_factory: pytest.TempPathFactory
) -> TinyDataset:
    """Return a text dataset with every map."""
    return _built(tmp_path_factory, tiny_bert, dataset_id="tiny-text", text=tiny_text)


@pytest.fixture(scope="session")
def tiny_causal_dataset(
    tiny_gpt2: Path, tiny_text: Path, tmp_path_factory: pytest.TempPathFactory
) -> TinyDataset:
    """Return the same sentences read by a model that only looks back."""
    return _built(tmp_path_factory, tiny_gpt2, dataset_id="tiny-causal", text=tiny_text)


@pytest.fixture(scope="session")
def tiny_image_dataset(
    tiny_vit: Path, tiny_images: Path, tmp_path_factory: pytest.TempPathFactory
) -> TinyDataset:
    """Return an image dataset with every map."""
    return _built(tmp_path_factory, tiny_vit, dataset_id="tiny-image", images=tiny_images)


def _built(
    factory: pytest.TempPathFactory, model: Path, *, dataset_id: str, **corpus: Path
) -> TinyDataset:
    from attentionviz.pipeline.build import build
    from attentionviz.pipeline.request import BuildRequest

    data_dir = factory.mktemp("built")
    request = BuildRequest(
        model=str(model),
        output=data_dir,
        dataset_id=dataset_id,
        n_workers=1,
        device="cpu",
        **corpus,
    )
    result = build(request)
    return TinyDataset(data_dir, result.dataset_id, result.version, result.folder)
