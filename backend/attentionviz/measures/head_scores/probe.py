"""What heads do with random tokens that are said twice."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.scores import PROBE_SCORES


def repeated_weights(
    pattern: NDArray[Any], period: int, n_before: int = 0
) -> dict[str, NDArray[Any]]:
    """Return the weights that the probe is about, one for each row that counts.

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

    Notes
    -----
    Source: Olsson et al. 2022, section "Prefix matching score".
    """
    second = n_before + period + np.arange(period)
    every = n_before + np.arange(1, 2 * period)
    found = (
        pattern[..., second, second - period + 1],
        pattern[..., every, every - 1],
        pattern[..., second, second - period],
    )
    return dict(zip(PROBE_SCORES, found, strict=True))
