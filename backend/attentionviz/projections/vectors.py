"""Input and output of projections: HeadVectors, Neighbours, Projection."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.alignment import Aligned, AlignmentRule, align
from attentionviz.core.shapes import require_shape
from attentionviz.errors import BuildError

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class HeadVectors:
    """The queries and keys of one head, raw and aligned.

    Attributes
    ----------
    queries, keys : ndarray of float32, shapes (n_queries, d_head) and (n_keys, d_head)
        As passed to the attention function; as many queries as keys, those of the same tokens,
        except in cross attention.
    aligned : Aligned
        The same vectors after `attentionviz.core.alignment.align`.
    scaling : float
        Factor of q·k before the softmax.
    """

    queries: Floats
    keys: Floats
    aligned: Aligned
    scaling: float

    @classmethod
    def of(
        cls,
        queries: NDArray[Any],
        keys: NDArray[Any],
        scaling: float,
        *,
        rule: AlignmentRule = "norm ratio",
        seed: int = 0,
    ) -> "HeadVectors":
        """Check and align the vectors of one head.

        Parameters
        ----------
        queries, keys : ndarray of floats, shapes (n_queries, d_head) and (n_keys, d_head)
            Converted to float32.
        scaling : float
            Factor of q·k before the softmax.
        rule, seed
            As for `attentionviz.core.alignment.align`.

        Raises
        ------
        ShapeError
            If the head sizes differ, or there is no query or no key.
        BuildError
            If a value is NaN or infinite; names the first token.
        """
        require_shape("queries", queries, (None, None), "f")
        require_shape("keys", keys, (None, queries.shape[1]), "f")
        q, k = queries.astype(np.float32), keys.astype(np.float32)
        require_finite("query", q)
        require_finite("key", k)
        return cls(q, k, align(q, k, rule=rule, seed=seed), scaling)

    @property
    def n_tokens(self) -> int:
        """Number of tokens; of cross attention the smaller of the numbers of queries and keys."""
        return min(len(self.queries), len(self.keys))

    @property
    def n_points(self) -> int:
        """Number of queries and keys."""
        return len(self.queries) + len(self.keys)

    def subset(
        self, queries: NDArray[np.int64], keys: NDArray[np.int64] | None = None
    ) -> "HeadVectors":
        """Return some queries and keys of the head, with the alignment of all.

        Parameters
        ----------
        queries, keys : ndarray of int
            Indices; None for the keys of the same tokens.
        """
        keys = queries if keys is None else keys
        aligned = Aligned(
            self.aligned.queries[queries],
            self.aligned.keys[keys],
            self.aligned.scale,
            self.aligned.shift,
        )
        return HeadVectors(self.queries[queries], self.keys[keys], aligned, self.scaling)

    def with_same_alignment(self, queries: Floats, keys: Floats) -> "HeadVectors":
        """Return other queries and keys of the same head, with the alignment of these.

        Parameters
        ----------
        queries, keys : ndarray of float32, shapes (any, d_head)
            Finite.
        """
        return HeadVectors(
            queries, keys, self.aligned.with_same_alignment(queries, keys), self.scaling
        )


def require_finite(kind: str, vectors: Floats) -> None:
    """Raise BuildError, naming the first token, if a vector contains NaN or infinity."""
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(bad):
        raise BuildError(
            f"the {kind} vectors of {len(bad)} of {len(vectors)} tokens contain NaN or infinity, "
            f"the first is token {bad[0]}"
        )


class Neighbours(NamedTuple):
    """The nearest other points of every point, nearest first.

    Attributes
    ----------
    indices : ndarray of int32, shape (n_points, n_neighbours)
    distances : ndarray of float32, shape (n_points, n_neighbours)
        Cosine distance of aligned vectors, in 0..2.
    """

    indices: NDArray[np.int32]
    distances: Floats


@dataclass(frozen=True)
class Projection:
    """Coordinates of one head's points.

    Attributes
    ----------
    coordinates : ndarray of float32, shape (n_points, dims)
        All queries in token order, then all keys.
    details : dict
        Diagnostics of the method, such as ``score_energy_kept``; JSON values.
    fallback : str or None
        The reason, if another method or other parameters than requested were used.
    """

    coordinates: Floats
    details: dict[str, float | int | str | None] = field(default_factory=dict)
    fallback: str | None = None


# Returns the coordinates of other queries and keys of a head in its finished map: float32, shape
# (n_other_points, dims), all queries, then all keys.
Place = Callable[[HeadVectors], Floats]
