"""Coordinates survive 16 bits, with one scale for all axes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from attentionviz.errors import ShapeError
from attentionviz.projections import dequantise, quantise

CLOUDS = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 20), st.sampled_from([2, 3])),
    elements=st.floats(-1e6, 1e6, width=32),
)


@settings(deadline=None)
@given(CLOUDS)
def test_no_coordinate_is_wrong_by_more_than_half_a_step(coordinates: np.ndarray) -> None:
    steps, offset, scale = quantise(coordinates)
    restored = offset + scale * steps.astype(float)
    # and the rounding of offset + scale * step in double precision
    assert (np.abs(restored - coordinates) <= scale * 0.5001 + 1e-9).all()
    assert np.array_equal(dequantise(steps, offset, scale), restored.astype(np.float32))


@settings(deadline=None)
@given(CLOUDS)
def test_every_axis_is_centred(coordinates: np.ndarray) -> None:
    steps, _, _ = quantise(coordinates)
    assert steps.dtype == np.uint16
    middle = (steps.min(axis=0).astype(int) + steps.max(axis=0)) / 2
    assert (np.abs(middle - 32767.5) <= 1).all()


def test_the_widest_axis_fills_the_range_and_the_other_keeps_its_share() -> None:
    steps, offset, scale = quantise(np.array([[0, 0], [10, 1]], dtype=np.float32))
    assert steps[:, 0].tolist() == [0, 65535]
    assert int(steps[1, 1]) - int(steps[0, 1]) == pytest.approx(6553.5, abs=1)
    assert scale == pytest.approx(10 / 65535)
    assert offset[0] == pytest.approx(0)


def test_a_constant_map_lies_in_the_middle_and_comes_back_exactly() -> None:
    coordinates = np.full((5, 3), 0.25, dtype=np.float32)
    steps, offset, scale = quantise(coordinates)
    assert (steps == 32768).all()
    assert scale == 1.0
    assert np.array_equal(dequantise(steps, offset, scale), coordinates)


def test_other_shapes_and_types_are_refused() -> None:
    with pytest.raises(ShapeError, match="coordinates has shape"):
        quantise(np.zeros(4))
    with pytest.raises(ShapeError, match="steps has shape"):
        dequantise(np.zeros((4, 3), dtype=np.uint16), [0.0, 0.0], 1.0)
