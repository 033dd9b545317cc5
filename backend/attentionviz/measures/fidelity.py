"""How true a map is to the attention it pictures: measured per head and method, always shown."""

from typing import NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

from attentionviz.projections import HeadVectors


class Places(NamedTuple):
    """Where tokens stand and which keys a query sees: those of its sequence, by the layer's rule.

    Attributes
    ----------
    sequence_index, position : ndarray of int, shape (n_tokens,)
    is_causal : bool
        Whether only keys up to the query's own position are visible.
    max_distance : int or None
        Largest difference of positions that is visible.
    """

    sequence_index: NDArray[np.integer]
    position: NDArray[np.integer]
    is_causal: bool
    max_distance: int | None


class Fidelity(TypedDict):
    """The three numbers of one map; None where undefined."""

    recall_at_10: float | None
    rank_correlation: float | None
    trustworthiness: float | None


class Reference(NamedTuple):
    """What every map of one head is compared with: prepared once per head by `prepare`."""

    vector_rank_correlation: float | None


def prepare(vectors: HeadVectors, places: Places, seed: int) -> Reference:
    """Return what all maps of one head are compared with; also vector_rank_correlation."""
    raise NotImplementedError


def measure(reference: Reference, coordinates: NDArray[np.floating], method: str) -> Fidelity:
    """Return the fidelity of one map (coordinates: (2 * n_tokens, dims)) of the prepared head."""
    raise NotImplementedError
