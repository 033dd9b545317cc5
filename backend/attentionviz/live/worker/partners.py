"""The strongest partners of new tokens in a whole corpus."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from attentionviz.projections import HeadVectors
from attentionviz.projections.neighbours import smallest_products

N_PARTNERS = 10


class Partners(NamedTuple):
    """The strongest partners of each new point (queries, then keys), strongest first.

    Attributes
    ----------
    tokens : ndarray of int32, shape (2 * n_new_tokens, 10)
        Keys of the corpus for a query, queries for a key; -1 where the corpus has fewer.
    scores : ndarray of float32, same shape
        Scaled q·k; 0 where there is no token.
    """

    tokens: NDArray[np.int32]
    scores: NDArray[np.float32]

    def of_tokens(self, queries: NDArray[np.int64], keys: NDArray[np.int64]) -> "Partners":
        """Return the same partners by token, where rows were vectors of some tokens.

        Parameters
        ----------
        queries, keys : ndarray of int64
            Tokens of the queries and of the keys that were searched.
        """
        halves = np.split(self.tokens, 2)
        named = [
            np.where(rows < 0, -1, tokens[rows])
            for rows, tokens in zip(halves, (keys, queries), strict=True)
        ]
        return Partners(np.concatenate(named).astype(np.int32), self.scores)


def find_partners(new: HeadVectors, corpus: HeadVectors) -> Partners:
    """Return the strongest partners of the new tokens of a head.

    Parameters
    ----------
    new, corpus : HeadVectors
    """
    scaling = np.float32(new.scaling)
    n_new, n_found = new.n_tokens, min(N_PARTNERS, corpus.n_tokens)
    tokens = np.full((2 * n_new, N_PARTNERS), -1, dtype=np.int32)
    scores = np.zeros((2 * n_new, N_PARTNERS), dtype=np.float32)
    pairs = ((new.queries * scaling, corpus.keys), (new.keys * scaling, corpus.queries))
    for rows, (points, others) in zip((slice(n_new), slice(n_new, None)), pairs, strict=True):
        strongest, lowest = smallest_products(-points, others, n_found)
        tokens[rows, :n_found], scores[rows, :n_found] = strongest, -lowest
    return Partners(tokens, scores)
