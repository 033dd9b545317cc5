"""Single rows are those of the whole pattern."""

import numpy as np
import pytest

from attentionviz.core.pattern import attention_pattern, visible_from
from attentionviz.core.pattern_rows import pattern_rows
from attentionviz.errors import ShapeError


@pytest.mark.parametrize(("is_causal", "max_distance"), [(False, None), (True, None), (True, 2)])
def test_rows_are_those_of_the_whole_pattern(is_causal: bool, max_distance: int | None) -> None:
    rng = np.random.default_rng(0)
    queries, keys = rng.standard_normal((2, 9, 4)).astype(np.float32)
    rule = {"is_causal": is_causal, "max_distance": max_distance}
    whole = attention_pattern(queries, keys, scaling=0.7, **rule)
    at = np.array([0, 3, 8])
    visible = visible_from(at, 9, **rule)
    assert np.allclose(pattern_rows(queries[at], keys, visible, 0.7), whole[at], atol=1e-6)
    assert (visible == (whole[at] > 0)).all()


def test_a_mask_of_another_shape_is_refused() -> None:
    vectors = np.ones((3, 2), dtype=np.float32)
    with pytest.raises(ShapeError, match=r"visible has shape \(3, 4\)"):
        pattern_rows(vectors, vectors, np.ones((3, 4), dtype=bool), 1.0)
