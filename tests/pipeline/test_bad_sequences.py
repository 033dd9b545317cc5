"""Sequences for which a model gives no finite numbers are named, or left out and counted."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tests.support.fake_dataset import stored_tokens
from tests.support.tiny_models import (
    SENTENCES,
    break_token,
    break_weights,
    save_tiny_bert,
    save_tiny_vit,
)

from attentionviz import models
from attentionviz.errors import BuildError
from attentionviz.models import loaded
from attentionviz.pipeline import capture_units
from attentionviz.pipeline.build import BuildResult, build
from attentionviz.pipeline.estimate import estimate
from attentionviz.pipeline.request import BuildRequest
from attentionviz.store.schema import parse_manifest

PLACE = "sequence 5 (line 6 of tiny.csv: 'Nobody in the village had seen so much s …'), token 10"


@pytest.fixture(scope="module")
def without_snow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model that has no numbers for one word, which is in one of the six sentences."""
    return break_token(save_tiny_bert(tmp_path_factory.mktemp("bert") / "tiny-bert"), "snow")


@pytest.fixture
def request_of(without_snow: Path, tiny_text: Path, tmp_path: Path) -> Callable[..., BuildRequest]:
    def make(**changes: Any) -> BuildRequest:
        settings = {
            "model": str(without_snow),
            "output": tmp_path / "built",
            "text": tiny_text,
            "dataset_id": "small",
            "methods": ("pca",),
            "dims": (2,),
            "n_workers": 1,
            "device": "cpu",
        }
        return BuildRequest(**{**settings, **changes})

    return make


def manifest_of(result: BuildResult) -> dict[str, Any]:
    return parse_manifest((result.folder / "manifest.json").read_bytes())


def test_a_bad_sequence_is_named_before_any_map_is_computed(
    request_of: Callable[..., BuildRequest], tmp_path: Path
) -> None:
    for refuse in (build, estimate):
        with pytest.raises(BuildError) as caught:
            refuse(request_of())
        message = str(caught.value)
        assert f"{PLACE} 'snow', layer 0, head 0: its query is not a finite number" in message
        assert "--skip-bad-sequences" in message
    assert not list(tmp_path.rglob("pca-2d*"))


def test_without_bad_sequences_the_dataset_equals_that_of_the_others(
    request_of: Callable[..., BuildRequest], tiny_text: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    result = build(request_of(skip_bad_sequences=True), said.append)
    rows = tiny_text.read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "tiny.csv").write_text("".join(row for row in rows if "snow" not in row))
    others = build(request_of(text=tmp_path / "tiny.csv", output=tmp_path / "others"))
    facts, other_facts = manifest_of(result)["files"], manifest_of(others)["files"]
    assert facts == other_facts, "vectors, maps, scores, probes and texts"
    assert manifest_of(result)["corpus"]["account"] | {"notes": []} == {
        "unit": "row",
        "n_read": 6,
        "n_taken": 5,
        "n_cut": 0,
        "left_out": [{"reason": "not finite", "n": 1, "examples": ["line 6"]}],
        "notes": [],
    }
    assert f"left out, since not finite: {PLACE} 'snow', layer 0, head 0" in said
    assert any("5 taken, 1 left out: 1 not finite (line 6)" in words for words in said)


def test_the_token_budget_includes_bad_sequences(
    request_of: Callable[..., BuildRequest], tmp_path: Path
) -> None:
    corpus = tmp_path / "snow.txt"
    corpus.write_text("so much snow\nthe river\n" + "the river again " * 40 + "\nthe letter\n")
    result = build(request_of(text=corpus, max_tokens=75, skip_bad_sequences=True))
    account = manifest_of(result)["corpus"]["account"]
    assert [(part["reason"], part["examples"]) for part in account["left_out"]] == [
        ("beyond --max-tokens", ["line 4"]),
        ("not finite", ["line 1"]),
    ]
    assert (account["n_taken"], account["n_cut"]) == (2, 1)


def test_without_bad_sequences_nothing_is_left_out(
    request_of: Callable[..., BuildRequest], tiny_bert: Path, tmp_path: Path
) -> None:
    model = str(tiny_bert)
    result = build(request_of(model=model, skip_bad_sequences=True))
    plain = build(request_of(model=model, output=tmp_path / "plain"))
    assert manifest_of(result)["files"] == manifest_of(plain)["files"]


def test_an_estimate_leaves_out_bad_sequences(request_of: Callable[..., BuildRequest]) -> None:
    assert estimate(request_of(skip_bad_sequences=True)).n_sequences == 6


def test_if_every_sequence_is_bad_the_weights_are_named(
    request_of: Callable[..., BuildRequest], tmp_path: Path
) -> None:
    model = str(break_token(save_tiny_bert(tmp_path / "bert"), "[SEP]"))
    for is_skipping, words in ((True, "all 6 sequences are bad"), (False, "so are all 6")):
        with pytest.raises(BuildError, match=words) as caught:
            build(request_of(model=model, skip_bad_sequences=is_skipping))
        assert "'[SEP]', layer 0, head 0" in str(caught.value)
        assert "weights of the model may be damaged" in str(caught.value)


@pytest.mark.parametrize("is_skipping", [False, True])
def test_a_float16_overflow_is_not_blamed_on_the_sequence(
    request_of: Callable[..., BuildRequest], tmp_path: Path, is_skipping: bool
) -> None:
    folder = save_tiny_bert(tmp_path / "bert")
    break_weights(folder, "layer.1.attention.self.key.bias", 8, 70_000)
    with pytest.raises(BuildError, match=r"'\[CLS\]', layer 1, head 1: its key has.*float32"):
        build(request_of(model=str(folder), precision="float16", skip_bad_sequences=is_skipping))


def test_an_image_is_named_by_its_file(
    request_of: Callable[..., BuildRequest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, shade in (("a.png", 127), ("b.png", 255), ("c.png", 128)):
        Image.new("L", (24, 24), shade).save(folder / name)
    load = models.load

    def broken(*args: Any, **options: Any) -> models.LoadedModel:
        model = load(*args, **options)
        with torch.no_grad():
            # The square of white is beyond float32, those of greys are not.
            model.network.embeddings.patch_embeddings.projection.weight[0] = 5e17
        return model

    monkeypatch.setattr(models, "load", broken)
    of_images = {"model": str(save_tiny_vit(tmp_path / "vit")), "images": folder, "text": None}
    with pytest.raises(BuildError, match=r"image 2 \(b\.png\), token 2 \(patch in row 0, column 0"):
        build(request_of(**of_images))
    result = build(request_of(**of_images, skip_bad_sequences=True))
    tokens = stored_tokens(result.folder)
    assert tokens["sequences"]["text"] == ["a.png", "c.png"]
    (part,) = manifest_of(result)["corpus"]["account"]["left_out"]
    assert part == {"reason": "not finite", "n": 1, "examples": ["b.png"]}
    shades = [np.asarray(Image.open(result.folder / f"images/0000{i}.png")).mean() for i in (0, 1)]
    assert shades == [127, 128]


def test_a_stopped_search_for_bad_sequences_resumes_at_its_batch(
    request_of: Callable[..., BuildRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loaded, "MAX_PADDED_TOKENS", 40)
    look = capture_units.bad_vectors
    sizes: list[int] = []

    def stops(model: Any, batch: models.Batch) -> list[models.BadVector]:
        sizes.append(len(batch.lengths))
        if len(sizes) == 2:
            raise BuildError("on purpose")
        return look(model, batch)

    monkeypatch.setattr(capture_units, "bad_vectors", stops)
    request = request_of(skip_bad_sequences=True)
    with pytest.raises(BuildError, match="on purpose"):
        build(request)
    build(request)
    assert sizes[1] == sizes[2]
    assert sizes[0] + sum(sizes[2:]) == len(SENTENCES)
