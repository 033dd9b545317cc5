"""Scores on repeated random tokens."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from attentionviz.measures.head_scores.registry import Sums


def repeated_weights(
    pattern: NDArray[Any], period: int, n_before: int = 0
) -> dict[str, NDArray[Any]]:
    """Return the weights that the scores of our own probe sum.

    Parameters
    ----------
    pattern : ndarray, shape (..., n_tokens, n_tokens)
        [query, key] of sequences that repeat `period` tokens twice; also a mask of visible keys.
    period : int
        At least 2, so that no query is the token after its own earlier copy.
    n_before : int
        Tokens before the first repetition, such as a class token.

    Returns
    -------
    dict of str to ndarray, shape (..., n_rows)
        By score name. Induction: from the second repetition to the token after the first copy.
        Previous: from every token but the first to the one before. Duplicate: from the second
        repetition to the first copy.
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
    """Return all pairs of a query and a key that directly follows an earlier copy of the query.

    Parameters
    ----------
    period : int
        At least 2.
    n_repeats : int
        Number of repetitions.
    n_before : int
        Tokens before the first repetition.

    Returns
    -------
    queries, keys : ndarray of int, shape (n_pairs,)
        A query of the second repetition is in one pair, one of the third in two, and so on.
    """
    tokens = n_before + np.arange(period * n_repeats)
    queries = [tokens[n * period :] for n in range(1, n_repeats)]  # copy n repetitions earlier
    keys = [tokens[: -n * period] + 1 for n in range(1, n_repeats)]
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
        Mass, number of pairs, and number of rows with a visible key of theirs. Pairs hidden by a
        sliding window count as 0. A head that attends to one key per row reaches at most 0.5 for
        four repetitions.

    Notes
    -----
    Source: Olsson et al. 2022 (arXiv 2209.11895), appendix, as corrected on 2022-09-20.
    """
    queries, keys = after_copies(period, n_repeats, n_before)
    n_rows = len(np.unique(queries[visible[queries, keys]]))
    found = pattern[:, queries, keys]
    return np.array([found.sum(dtype=np.float64), found.size, len(pattern) * n_rows])
