"""Scores on repeated random tokens."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from attentionviz.measures.head_scores.registry import Sums


def repeated_weights(
    pattern: NDArray[Any], period: int, n_before: int = 0
) -> dict[str, NDArray[Any]]:
    """Return the weights that our own probe is about, one for each row that counts.

    Parameters
    ----------
    pattern : ndarray, shape (..., n_tokens, n_tokens)
        [query, key] of sequences that say `period` tokens twice; of which keys are visible, too.
    period : int
        At least 2, so that no query is the token after its own earlier copy.
    n_before : int
        Tokens before the first saying, such as a class token.

    Returns
    -------
    dict of str to ndarray, shape (..., n_rows)
        By name of score: from the second saying to the token after the first copy, from every
        token but the first to the one before, and from the second saying to the first copy.
    """
    second = n_before + period + np.arange(period)
    every = n_before + np.arange(1, 2 * period)
    return {
        "probe_induction": pattern[..., second, second - period + 1],
        "probe_previous": pattern[..., every, every - 1],
        "probe_duplicate": pattern[..., second, second - period],
    }


def after_copies(
    period: int, n_repeats: int, n_before: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return all pairs of a query and a key that directly follows an earlier copy of it.

    Parameters
    ----------
    period : int
        At least 2.
    n_repeats : int
        How often the tokens are said.
    n_before : int
        Tokens before the first saying.

    Returns
    -------
    queries, keys : ndarray of int, shape (n_pairs,)
        A query of the second saying is in one pair, one of the third in two, and so on.
    """
    said = n_before + np.arange(period * n_repeats)
    queries = [said[n * period :] for n in range(1, n_repeats)]  # with a copy n sayings before
    keys = [said[: -n * period] + 1 for n in range(1, n_repeats)]
    return np.concatenate(queries), np.concatenate(keys)


def prefix_matching(
    pattern: NDArray[Any], visible: NDArray[np.bool_], period: int, n_repeats: int, n_before: int
) -> Sums:
    """Sum the weights on all keys that follow an earlier copy of the query.

    Parameters
    ----------
    pattern : ndarray, shape (n_sequences, n_tokens, n_tokens)
        [query, key]; hidden keys are 0.
    visible : ndarray of bool, shape (n_tokens, n_tokens)
    period, n_repeats, n_before : int
        See `after_copies`.

    Returns
    -------
    ndarray of float64
        Mass, pairs, and rows that see one of their keys. Pairs that a sliding window hides count
        as 0, so that a head that picks one key a row reaches 0.5 of four sayings at most.

    Notes
    -----
    Source: Olsson et al. 2022 (arXiv 2209.11895), appendix, as corrected on 2022-09-20.
    """
    queries, keys = after_copies(period, n_repeats, n_before)
    n_rows = len(np.unique(queries[visible[queries, keys]]))
    found = pattern[:, queries, keys]
    return np.array([found.sum(dtype=np.float64), found.size, len(pattern) * n_rows])
