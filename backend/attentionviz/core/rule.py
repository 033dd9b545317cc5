"""The rule of a layer: how scores follow from queries and keys, and which keys a query sees."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.types import HeadId

ROUNDING = 1e-6


@dataclass(frozen=True)
class ScoreRule:
    """Scaling and masking of scores, alike in all heads of a layer.

    Attributes
    ----------
    scaling : float
        Scores are ``scaling * (q · k)``.
    is_causal : bool
        Whether keys after the query are hidden.
    max_distance : int or None
        Keys at a larger distance, in positions, are hidden (sliding window); None for no limit.
    """

    scaling: float
    is_causal: bool
    max_distance: int | None = None

    @property
    def hides_keys(self) -> bool:
        """Whether there is a mask at all."""
        return self.is_causal or self.max_distance is not None

    def visible(self, positions: NDArray[np.int64], n_keys: int) -> NDArray[np.bool_]:
        """Return the keys that the queries at some positions of a sequence see.

        Parameters
        ----------
        positions : ndarray of int, shape (n_queries,)
        n_keys : int
            Keys from the start of the same sequence.

        Returns
        -------
        ndarray of bool, shape (n_queries, n_keys)
        """
        ahead = np.arange(n_keys)[None, :] - positions[:, None]  # (query, key)
        seen = np.ones(ahead.shape, dtype=bool)
        if self.is_causal:
            seen &= ahead <= 0
        if self.max_distance is not None:
            seen &= np.abs(ahead) <= self.max_distance
        return seen

    def span(self, query: int, n_keys: int) -> tuple[int, int]:
        """Return start and end of the keys that the query at a position sees, of `n_keys`."""
        reach = n_keys if self.max_distance is None else self.max_distance
        end = query + 1 if self.is_causal else min(n_keys, query + reach + 1)
        return max(0, query - reach), end


@dataclass(frozen=True)
class HeadRule(ScoreRule):
    """The rule of one head."""


@dataclass(frozen=True)
class LayerRule(ScoreRule):
    """The rule of all heads of a layer."""

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Self:
        """Return the rule that an entry of the manifest's ``layers`` describes."""
        return cls(facts["scaling"], facts["is_causal"], facts["max_distance"])

    def facts(self) -> dict[str, Any]:
        """Return the entry of the manifest's ``layers``."""
        return {
            "scaling": self.scaling,
            "is_causal": self.is_causal,
            "max_distance": self.max_distance,
        }

    def is_close(self, other: Self) -> bool:
        """Return whether both rules are equal but for rounding."""
        return abs(self.scaling - other.scaling) < ROUNDING and self == replace(
            other, scaling=self.scaling
        )

    def of_head(self, head: int) -> HeadRule:
        """Return the rule of one head of the layer."""
        return HeadRule(self.scaling, self.is_causal, self.max_distance)


def head_rule(manifest: Mapping[str, Any], head: HeadId) -> HeadRule:
    """Return the rule of a head of a dataset."""
    return LayerRule.of(manifest["layers"][head.layer]).of_head(head.head)
