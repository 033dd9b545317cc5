"""Sessions over the tiny datasets, whose models lie in folders that the operator named."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from tests.conftest import TinyDataset, kept_dataset
from tests.support.dataset_cache import cached_folder

from attentionviz.live.worker.session import Session
from attentionviz.live.worker_settings import WorkerSettings
from attentionviz.store.dataset import DatasetReader
from attentionviz.store.reader import open_dataset


class Answer(NamedTuple):
    """An answer as a program reads it that knows the file format alone."""

    tensors: dict[str, np.ndarray]
    sequence: dict[str, Any]
    maps: dict[str, Any]


class Live(NamedTuple):
    """A session, and the dataset that is asked about."""

    session: Session
    reader: DatasetReader

    def ask(self, body: bytes = b"", **question: Any) -> Answer:
        """Return the answer; all maps unless some are named."""
        asked = {
            "dataset": self.reader.dataset_id,
            "version": self.reader.version,
            "maps": list(self.reader.manifest["maps"]),
            **question,
        }
        return read(self.session.answer(asked, body, lambda: None))

    def text_of(self, sequence: int) -> str:
        """Return a sentence of the corpus."""
        return self.reader.tokens.document()["sequences"]["text"][sequence]

    def span(self, sequence: int) -> tuple[int, int]:
        """Return first and end token of a sentence of the corpus."""
        spans = self.reader.sequences()
        start = int(spans.start[sequence])
        return start, start + int(spans.length[sequence])


def read(content: bytes) -> Answer:
    """Read an answer with the format's own library."""
    import json

    from safetensors.numpy import load

    n_header = int.from_bytes(content[:8], "little")
    facts = json.loads(content[8 : 8 + n_header])["__metadata__"]
    return Answer(load(content), json.loads(facts["sequence"]), json.loads(facts["maps"]))


def settings_of(data_dir: Path, *models: Path, **changed: Any) -> WorkerSettings:
    """Return settings that know the folders in which these models lie."""
    return WorkerSettings(
        data_dir,
        data_dir / "none",
        model_folders=tuple(model.parent for model in models),
        **changed,
    )


def live_of(dataset: TinyDataset, model: Path, **changed: Any) -> Live:
    """Return a session over a dataset and its model."""
    session = Session(settings_of(dataset.data_dir, model, **changed))
    return Live(session, open_dataset(dataset.data_dir, dataset.dataset_id))


@pytest.fixture(scope="session")
def live(tiny_dataset: TinyDataset, tiny_bert: Path) -> Live:
    """Return a session that all tests share which change nothing."""
    return live_of(tiny_dataset, tiny_bert)


@pytest.fixture(scope="session")
def live_image(tiny_image_dataset: TinyDataset, tiny_vit: Path) -> Live:
    """Return the same for images."""
    return live_of(tiny_image_dataset, tiny_vit)


@pytest.fixture(scope="session")
def live_grouped(tiny_text: Path) -> Live:
    """Return a session over a causal model whose heads share keys, stored in half precision."""

    def make(folder: Path) -> None:
        from tests.support.text_architectures import GROUPED
        from tests.support.tiny_models import byte_level_tokenizer, save
        from transformers import LlamaConfig, LlamaModel

        config = LlamaConfig(**GROUPED)
        save(LlamaModel, config, folder / "tiny-llama", tokenizer=byte_level_tokenizer())

    folder = cached_folder("model-llama", make) / "tiny-llama"
    some = {"methods": ("biplot", "pca", "attention-tsne"), "dims": (2,)}
    dataset = kept_dataset(
        "tiny-grouped", model=folder, text=tiny_text, precision="float16", **some
    )
    return live_of(dataset, folder)
