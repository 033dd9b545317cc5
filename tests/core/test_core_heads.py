import numpy as np
import pytest

from attentionviz.core.heads import (
    LayerHeads,
    by_layer,
    head_number,
    heads_of,
    largest_sizes,
    layers_of,
    without_heads,
)
from attentionviz.core.types import HeadId

LAYERS = [
    LayerHeads(4, 2, 8),
    without_heads("not captured"),
    LayerHeads(2, 2, 16),
    LayerHeads(4, 1, 8),
]
SIZES = {"n_heads": 4, "n_key_heads": 2, "d_head": 16}
MANIFEST = {**SIZES, "layers": [layer.facts(SIZES) for layer in LAYERS]}


def test_a_manifest_names_the_sizes_of_a_layer_that_are_not_the_largest():
    assert largest_sizes(LAYERS) == SIZES
    assert MANIFEST["layers"] == [
        {"d_head": 8},
        {"n_heads": 0, "absent": "not captured"},
        {"n_heads": 2},
        {"n_key_heads": 1, "d_head": 8},
    ]
    assert layers_of(MANIFEST) == LAYERS


def test_heads_are_numbered_layer_by_layer():
    heads = heads_of(MANIFEST)
    assert [head.layer for head in heads] == [0] * 4 + [2] * 2 + [3] * 4
    assert [head_number(MANIFEST, head) for head in heads] == list(range(10))


@pytest.mark.parametrize(("layer", "expected"), [(0, [0, 0, 1, 1]), (2, [0, 1]), (3, [0] * 4)])
def test_heads_of_a_group_share_a_key_head(layer, expected):
    heads = LAYERS[layer]
    assert [heads.key_head(head) for head in range(heads.n_heads)] == expected


def test_values_of_heads_are_placed_by_layer_and_head():
    values = np.arange(1.0, 21.0).reshape(10, 2)
    placed = by_layer(MANIFEST, values, missing=np.nan)
    assert placed.shape == (4, 4, 2)
    for value, head in zip(values, heads_of(MANIFEST), strict=True):
        assert np.array_equal(placed[head], value)
    assert np.isnan(placed).any(-1).sum() == 6
    assert by_layer({**SIZES, "layers": [{}, {}]}, range(8))[HeadId(1, 2)] == 6
