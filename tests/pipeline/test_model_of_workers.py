"""Builds whose builder has no weights: all that needs the model is asked of workers."""

from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from distributed.protocol import pickle
from tests.models.test_encoder_decoder import save_two_texts
from tests.pipeline.test_two_texts import T5
from tests.support.image_text_models import IMAGE_TEXT_MODELS, save_image_text_model, save_images
from tests.support.tiny_models import SENTENCES, break_token, save_tiny_bert

from attentionviz.pipeline import build as module
from attentionviz.pipeline.build import build
from attentionviz.pipeline.engine import LocalEngine
from attentionviz.pipeline.request import BuildRequest


class PicklingEngine(LocalEngine):
    """An engine whose units and answers are pickled, as on the way to another machine."""

    is_remote = True
    device = "cpu"

    def call(self, name: str, function: Any, *arguments: Any) -> Any:
        """Call a function with copies, and return a copy."""
        return copied(function(*copied(arguments)))

    def run(self, function: Any, job: Any, units: Any, **options: Any) -> Any:
        """Run copies of units; yield copies of their results, the last one first."""
        found = super().run(function, copied(job), map(copied, units), **options)
        yield from map(copied, list(found)[::-1])


def copied(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


@pytest.fixture
def requests(
    tiny_bert: Path, tiny_vit: Path, tiny_text: Path, tiny_images: Path, tmp_path: Path
) -> dict[str, dict[str, Any]]:
    def broken() -> Path:
        return break_token(save_tiny_bert(tmp_path / "broken" / "tiny-bert"), "snow")

    def seeing() -> Path:
        return save_image_text_model(tmp_path / "seeing", IMAGE_TEXT_MODELS["gemma3"])

    return {
        "text": {"model": tiny_bert, "text": tiny_text},
        "bad sequences": {"model": broken(), "text": tiny_text, "skip_bad_sequences": True},
        "images": {"model": tiny_vit, "images": tiny_images},
        "two texts": {"model": save_two_texts(T5, tmp_path / "t5"), "text": tiny_text},
        "images with texts": {"model": seeing(), "images": save_images(tmp_path / "i", SENTENCES)},
    }


@pytest.mark.parametrize(
    "kind", ["text", "bad sequences", "images", "two texts", "images with texts"]
)
def test_workers_with_the_model_give_the_same_bytes_as_the_builder(
    kind: str,
    requests: dict[str, dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = {"dataset_id": "small", "methods": ("pca",), "dims": (2,), "device": "cpu"}
    if kind == "two texts":
        settings |= {"max_target": 5, "max_length": 12}
    own = {**requests[kind], **settings, "n_workers": 1}
    own["model"] = str(own["model"])
    alone = build(BuildRequest(output=tmp_path / "alone", **own))

    @contextmanager
    def open_engine(*_: Any):
        yield PicklingEngine(1)

    monkeypatch.setattr(module, "open_engine", open_engine)
    shared = build(BuildRequest(output=tmp_path / "shared", **own))
    assert shared.folder.name == alone.folder.name
