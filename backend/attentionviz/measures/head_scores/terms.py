"""Scores by what attention has besides q·k: the sink, and what no map can show."""

import numpy as np

from attentionviz.measures.head_scores.corpus import BLOCK_WEIGHTS, HeadAttention, Rows
from attentionviz.measures.head_scores.registry import DECIMALS, Score, Sums, measures


@measures("sink_mass")
def sink_mass(rows: Rows) -> Sums:
    """Sum the weight of the sink in each row."""
    if not rows.has_sink:
        return np.zeros(2)
    return np.array([rows.sink_weights.sum(), rows.sink_weights.size])


def variance_beyond_qk(attention: HeadAttention) -> Score:
    """Return the share of the variance of scores within rows that q·k does not explain.

    Parameters
    ----------
    attention : HeadAttention

    Returns
    -------
    Score
        None for a head whose scores are q·k. Its rows are the queries that see two keys.

    Notes
    -----
    1 − r² of scores and q·k, the mean of each row subtracted from both, since the softmax ignores
    it: the residual variance of a linear fit.
    """
    rule = attention.rule
    if rule.softcap is None and rule.bias is None:
        return Score(value=None, n_rows=0)
    sums, n_rows = np.zeros(3), 0
    columns = (column.tolist() for column in attention.spans)
    for start, n_queries, first_key, n_keys in zip(*columns, strict=True):
        keys = attention.keys[first_key : first_key + n_keys].astype(np.float64)
        n_at_once = max(1, BLOCK_WEIGHTS // n_keys)
        for first in range(0, n_queries, n_at_once):
            positions = np.arange(first, min(first + n_at_once, n_queries))
            products = attention.queries[start + positions].astype(np.float64) @ keys.T
            scores = rule.scores(products.copy(), positions)
            visible = rule.visible(positions, n_keys)
            n_visible = visible.sum(axis=1, keepdims=True)
            for part in (products, scores):
                part[~visible] = 0
                part -= part.sum(axis=1, keepdims=True) / n_visible
                part[~visible] = 0
            sums += [(scores**2).sum(), (products**2).sum(), (scores * products).sum()]
            n_rows += int(np.count_nonzero(n_visible > 1))
    of_scores, of_products, of_both = sums
    if n_rows == 0 or of_scores == 0:
        return Score(value=None, n_rows=0)
    explained = of_both**2 / (of_scores * of_products) if of_products > 0 else 0.0
    return Score(value=round(float(max(0.0, 1 - explained)), DECIMALS), n_rows=n_rows)
