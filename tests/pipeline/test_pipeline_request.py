from pathlib import Path

import pytest

from attentionviz.errors import InvalidRequestError, MethodNotFoundError
from attentionviz.pipeline.request import BuildRequest, default_id, parse_layers


def request(**changes):
    return BuildRequest(**{"model": "bert", "output": Path("out"), "text": Path("t"), **changes})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"text": None}, "one corpus"),
        ({"images": Path("i")}, "one corpus"),
        ({"dataset_id": "../x"}, "cannot name a dataset"),
        ({"dims": (4,)}, "--dims"),
        ({"dims": ()}, "--dims"),
        ({"methods": ()}, "--method"),
        ({"precision": "float64"}, "--precision is 'float64'"),
        ({"dtype": "int8"}, "--dtype is 'int8', expected one of float32, bfloat16"),
        ({"device_map": "balanced"}, "--device-map is 'balanced'"),
        ({"max_memory": 4.0}, "--max-memory needs --device-map auto"),
        ({"device_map": "auto", "max_memory": 0.0}, "--max-memory is 0.0, expected a number of GB"),
        ({"max_length": 1}, "--max-length is 1, expected 2"),
        ({"device": "tpu"}, "--device is 'tpu'"),
        ({"seed": -1}, "--seed is -1, expected 0 to"),
        ({"n_workers": 0}, "--workers is 0"),
        ({"max_tokens": 0}, "--max-tokens is 0"),
    ],
)
def test_an_invalid_option_is_refused_by_name(changes, words):
    with pytest.raises(InvalidRequestError, match=words):
        request(**changes)


def test_layers_are_numbers_and_ranges_in_any_order():
    assert parse_layers("8, 0,2-4,3") == (0, 2, 3, 4, 8)


@pytest.mark.parametrize("text", ["", "1,", "5-2", "-1", "a", "1-2-3", "1.5", "0-99999", "²"])
def test_layers_that_are_no_numbers_are_refused_with_an_example(text):
    with pytest.raises(InvalidRequestError, match="--layers has .*such as 0,5-10"):
        parse_layers(text)


def test_an_unknown_method_is_refused_with_the_known_ones():
    with pytest.raises(MethodNotFoundError, match="known are biplot"):
        request(methods=("pca", "isomap"))


FIVE = ("umap", "tsne", "pca", "biplot", "attention-tsne")


def test_maps_are_built_in_the_order_of_the_menu():
    groups = [[str(name) for name in group] for group in request(methods=FIVE).task_groups()]
    assert groups == [
        ["biplot-2d", "pca-2d"],
        ["attention-tsne-2d"],
        ["tsne-2d"],
        ["umap-2d"],
        ["biplot-3d", "pca-3d"],
        ["attention-tsne-3d"],
        ["tsne-3d"],
        ["umap-3d"],
    ]


def test_only_the_requested_maps_are_built_each_once():
    groups = request(methods=("umap", "pca", "pca"), dims=(3, 2, 2)).task_groups()
    names = [str(name) for group in groups for name in group]
    assert names == ["pca-2d", "umap-2d", "pca-3d", "umap-3d"]


@pytest.mark.parametrize(
    ("model", "corpus", "expected"),
    [
        ("google-bert/bert-base-uncased", "sentences", "bert-base-uncased-sentences"),
        ("Tiny", "Mes phrases à moi", "tiny-mes-phrases-moi"),
        ("…", "日本語", "dataset"),
        ("x" * 80, "y", "x" * 64),
        ("org/model@refs/pr/3", "sentences", "model-sentences"),
    ],
)
def test_a_dataset_is_named_after_its_model_and_corpus(model, corpus, expected):
    assert default_id(model, corpus) == expected
    assert request(dataset_id=expected).dataset_id == expected
