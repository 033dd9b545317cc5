"""Lengths of the queries of a head against those of its keys."""

import numpy as np

from attentionviz.measures.head_scores.corpus import HeadAttention
from attentionviz.measures.head_scores.registry import DECIMALS, Score


def norm_ratio(attention: HeadAttention) -> Score:
    """Return the median norm of the queries over that of the keys.

    Parameters
    ----------
    attention : HeadAttention

    Returns
    -------
    Score
        None where the median key is zero. Its rows are the queries, each with its key.

    Notes
    -----
    The default alignment multiplies keys by the root of this ratio and divides queries by it, which
    leaves attention unchanged. Medians, as single tokens of some models are far longer than others.
    """
    spans = attention.spans
    existing = (attention.queries[spans.queries], attention.keys[spans.keys])
    queries, keys = (
        float(np.median(np.linalg.norm(vectors.astype(np.float64), axis=1))) for vectors in existing
    )
    if keys == 0:
        return Score(value=None, n_rows=0)
    return Score(value=round(queries / keys, DECIMALS), n_rows=len(existing[0]))
