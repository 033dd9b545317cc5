"""Corpora of images with a text each, and a dataset of them."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.support.fake_dataset import facts_of_heads, stored_tokens
from tests.support.image_text_models import IMAGE_TEXT_MODELS, save_image_text_model, save_images

from attentionviz.errors import AppError, CorpusError
from attentionviz.pipeline.build import BuildResult, build
from attentionviz.pipeline.corpus import (
    ImageTextCorpus,
    image_text_corpus,
    read_image_corpus,
    read_text_corpus,
)
from attentionviz.pipeline.request import BuildRequest
from attentionviz.store.schema import parse_manifest

TEXTS = ["the river in april", "a letter", "the river in april", "a train, to the north"]


@pytest.fixture(scope="module")
def gemma(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a seeded tiny Gemma 3 that sees and reads."""
    return save_image_text_model(
        tmp_path_factory.mktemp("gemma") / "gemma", IMAGE_TEXT_MODELS["gemma3"]
    )


def request_of(model: Path, output: Path, **corpus: Path) -> BuildRequest:
    fixed = {"methods": ("pca",), "dims": (2,), "n_workers": 1, "device": "cpu"}
    return BuildRequest(str(model), output, dataset_id="both", **fixed, **corpus)


@pytest.fixture(scope="module")
def built(gemma: Path, tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    folder = tmp_path_factory.mktemp("built")
    images = save_images(folder / "images", TEXTS)
    return build(request_of(gemma, folder / "data", images=images))


def test_a_dataset_holds_patches_and_words(built: BuildResult) -> None:
    manifest = parse_manifest((built.folder / "manifest.json").read_bytes())
    tokens = stored_tokens(built.folder)
    assert manifest["model"]["modality"] == "image-text"
    assert manifest["n_sequences"] == len(TEXTS)
    assert manifest["patch_grid"]["n_rows"] == manifest["patch_grid"]["n_columns"] == 2
    assert tokens["sequences"]["text"] == TEXTS
    assert tokens["sequences"]["columns"]["image"] == [f"{i}.png" for i in range(len(TEXTS))]
    patches = np.flatnonzero(np.array(tokens["token_type"]) == "patch")
    assert len(patches) == 4 * len(TEXTS)
    first, end = manifest["layers"][0]["block"]
    assert {tokens["position"][i] for i in patches} == set(range(first, end))
    sprites = np.load(built.folder / "images/patches.npy")
    assert sprites.shape == (manifest["n_tokens"], 8, 8, 3)
    assert set(np.flatnonzero(sprites.any(axis=(1, 2, 3)))) == set(patches)
    assert manifest["attention_check"]["max_abs_error"] < 1e-5


def test_scores_of_words_and_patches_are_in_the_dataset(built: BuildResult) -> None:
    heads = facts_of_heads(built.folder)
    for head in heads:
        values = {name: score["value"] for name, score in head["scores"].items()}
        for name in ("words_to_patches", "patches_to_words", "sink_patch"):
            assert 0 < values[name] < 1
        assert values["previous"] is not None and values["same_row"] is not None
        assert values["class_token"] is None


def test_json_lines_name_images_below_their_folder(tmp_path: Path) -> None:
    save_images(tmp_path / "images", TEXTS)
    file = tmp_path / "both.jsonl"
    lines = [{"image": f"images/{i}.png", "text": text} for i, text in enumerate(TEXTS)]
    file.write_text("\n".join(map(json.dumps, lines)))
    found = image_text_corpus(read_text_corpus(file), file)
    assert found.sequences == TEXTS
    assert found.paths == [tmp_path / f"images/{i}.png" for i in range(len(TEXTS))]
    assert found.columns == {"image": [line["image"] for line in lines]}


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("images/none.png", "line 1: images/none.png is a broken link|not found|missing"),
        ("../0.png", "0.png is"),
        ("both.jsonl", "both.jsonl is"),
        ("", "no image"),
    ],
)
def test_a_line_without_an_image_is_named(tmp_path: Path, image: str, words: str) -> None:
    save_images(tmp_path, TEXTS[:1])
    folder = tmp_path / "inside"
    folder.mkdir()
    file = folder / "both.jsonl"
    file.write_text(json.dumps({"image": image, "text": "a river"}))
    with pytest.raises(CorpusError, match=words):
        image_text_corpus(read_text_corpus(file), file)


def corpus_of(folder: Path) -> ImageTextCorpus:
    return image_text_corpus(read_image_corpus(folder), folder)


def test_images_without_texts_are_refused(tmp_path: Path) -> None:
    folder = save_images(tmp_path, ["a river", " "])
    with pytest.raises(CorpusError, match="1.png has no text"):
        corpus_of(folder)
    (folder / "labels.csv").write_text("file,label\n0.png,a\n1.png,b\n")
    with pytest.raises(CorpusError, match="no labels.csv with a column named text"):
        corpus_of(folder)


def test_a_model_that_sees_and_reads_needs_both_and_writes_nothing_else(
    gemma: Path, tiny_text: Path, tmp_path: Path
) -> None:
    with pytest.raises(AppError, match=r"has no column 'image'.*--images FOLDER"):
        build(request_of(gemma, tmp_path / "data", text=tiny_text))
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("to april " * 110, "1.png: .* shorten it"),
        ("to april " * 120, "the text of 1.png .* 1,000 characters or more"),
        ("an <image>", "1.png: .*image"),
    ],
)
def test_a_text_that_the_model_cannot_read_is_named_before_anything_is_written(
    gemma: Path, tmp_path: Path, text: str, words: str
) -> None:
    images = save_images(tmp_path / "images", ["a river", text])
    with pytest.raises(CorpusError, match=words):
        build(request_of(gemma, tmp_path / "data", images=images))
    assert not (tmp_path / "data").exists()


def test_a_model_of_text_does_not_read_images(tiny_bert: Path, tmp_path: Path) -> None:
    folder = save_images(tmp_path / "images", TEXTS[:1])
    with pytest.raises(AppError, match="reads text: give --text FILE"):
        build(request_of(tiny_bert, tmp_path / "data", images=folder))
