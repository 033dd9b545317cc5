"""Which queries and keys a dataset stores: all, those of a sample of sequences, or none."""

from collections.abc import Mapping
from collections.abc import Sequence as SequenceOf
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.types import KeepChoice
from attentionviz.errors import DamagedDatasetError, VectorsNotStoredError
from attentionviz.store import layout
from attentionviz.store.checked_files import OpenArray
from attentionviz.store.columns import Sequences
from attentionviz.store.grid import POINT_BUDGET, choose_grid_tokens

KEEP_CHOICES: tuple[KeepChoice, ...] = get_args(KeepChoice)

KEEP_EFFECTS: Mapping[KeepChoice, str] = {
    "all": "nothing is taken away; the largest dataset",
    "sample": (
        "attention of a sample of sequences only, on which means, strongest partners and typed "
        "texts rest; maps and scores stay"
    ),
    "none": (
        "no attention of a sequence, no mean attention, no strongest partners, no typed texts; "
        "maps and scores stay"
    ),
}
"""What each choice takes away, before the corpus is known."""

SAMPLE_TOKENS = 10_000
"""Tokens of the sample, at most, unless the grid draws more."""


def kept_tokens(
    choice: KeepChoice, lengths: SequenceOf[int], n_heads_total: int, seed: int
) -> NDArray[np.int32]:
    """Return the tokens whose queries and keys are stored: those of whole sequences.

    A sample has every sequence that the grid draws, and further ones in the same seeded order.

    Parameters
    ----------
    choice : "all", "sample" or "none"
    lengths : sequence of int
        Tokens of every sequence.
    n_heads_total : int
        Heads of all layers.
    seed : int

    Returns
    -------
    ndarray of int32, shape (n_kept_tokens,)
        Ascending.
    """
    if choice == "all":
        return np.arange(sum(lengths), dtype=np.int32)
    if choice == "none":
        return np.empty(0, dtype=np.int32)
    budget = max(POINT_BUDGET, 2 * n_heads_total * SAMPLE_TOKENS)
    return choose_grid_tokens(lengths, n_heads_total, seed, budget)


def keep_facts(
    choice: KeepChoice, lengths: SequenceOf[int], n_heads_total: int, seed: int
) -> dict[str, Any]:
    """Return the entry ``keep_vectors`` of a manifest; parameters as of `kept_tokens`."""
    tokens = kept_tokens(choice, lengths, n_heads_total, seed)
    starts = np.cumsum(lengths) - np.asarray(lengths)
    n_sequences = int(np.isin(starts, tokens).sum())
    return {"choice": choice, "n_sequences": n_sequences, "n_tokens": len(tokens)}


def stores_vectors(manifest: Mapping[str, Any]) -> bool:
    """Return whether a dataset has queries and keys, at least of a sample."""
    return bool(manifest["keep_vectors"]["choice"] != "none")


def lost_without_vectors(manifest: Mapping[str, Any]) -> str | None:
    """Return what a dataset cannot show because of ``keep_vectors``; None if all is kept.

    Parameters
    ----------
    manifest : mapping
        Or the facts of a plan.
    """
    kept = manifest["keep_vectors"]
    if not stores_vectors(manifest):
        return (
            "no queries and keys are stored: maps, scores, fidelity and similarity are as with "
            "all of them, but there is no attention of a sequence, no mean attention, no "
            "strongest partners and no typed text"
        )
    if kept["n_tokens"] == manifest["n_tokens"]:
        return None
    return (
        f"queries and keys of {kept['n_sequences']:,} of {manifest['n_sequences']:,} sequences "
        f"({kept['n_tokens']:,} of {manifest['n_tokens']:,} tokens) are stored: maps, scores, "
        "fidelity and similarity are of all, but attention is shown for these sequences only, and "
        "means, strongest partners and typed texts rest on them"
    )


def not_stored(manifest: Mapping[str, Any], what: str) -> VectorsNotStoredError:
    """Return the error of an answer that needs vectors that the dataset was built without.

    Parameters
    ----------
    manifest : mapping
    what : str
        What is missing, as the subject of a sentence, such as "sequence 3".
    """
    kept = manifest["keep_vectors"]
    stored = (
        "no queries and keys"
        if kept["choice"] == "none"
        else f"queries and keys of {kept['n_sequences']:,} of {manifest['n_sequences']:,} sequences"
    )
    return VectorsNotStoredError(
        f"{what} cannot be shown: {manifest['id']} was built with --keep-vectors "
        f"{kept['choice']} and stores {stored}"
    )


class VectorRows:
    """The stored queries or keys of a head, by token.

    Parameters
    ----------
    array : OpenArray
        One row per stored token.
    tokens : ndarray of int, shape (n_rows,), or None
        The stored tokens, ascending; None for all tokens.
    manifest : mapping
    """

    def __init__(
        self, array: OpenArray, tokens: NDArray[Any] | None, manifest: Mapping[str, Any]
    ) -> None:
        self._array = array
        self._tokens = tokens
        self._manifest = manifest

    @property
    def n_rows(self) -> int:
        """Number of stored tokens."""
        return int(self._array.spec.shape[0])

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """Return the vectors of tokens start..stop; VectorsNotStoredError if one is not stored."""
        if self._tokens is None:
            return self._array.rows(start, stop)
        if start >= stop:
            return self._array.rows(0, 0)
        first = int(np.searchsorted(self._tokens, start))
        end = first + stop - start
        if end > self.n_rows or (self._tokens[first], self._tokens[end - 1]) != (start, stop - 1):
            tokens = f"token {start}" if stop == start + 1 else f"tokens {start} to {stop - 1}"
            raise not_stored(self._manifest, f"the attention of {tokens}")
        return self._array.rows(first, end)

    def block(self, first: int, end: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """Return rows first..end of the file: their tokens, and their vectors."""
        tokens = np.arange(first, end) if self._tokens is None else self._tokens[first:end]
        return tokens.astype(np.int64), self._array.rows(first, end)


def check_kept_tokens(tokens: NDArray[Any], sequences: Sequences) -> None:
    """Raise DamagedDatasetError unless the tokens are those of whole sequences, ascending.

    Parameters
    ----------
    tokens : ndarray of int32, shape (n_kept_tokens,)
        Of ``vector_tokens.npy``.
    sequences : Sequences
    """
    is_kept = np.isin(sequences.start, tokens)
    n_kept = int(sequences.length[is_kept].sum())
    of_whole = np.repeat(is_kept, sequences.length)
    if n_kept != len(tokens) or not np.array_equal(np.flatnonzero(of_whole), tokens):
        raise DamagedDatasetError(f"{layout.VECTOR_TOKENS} must list the tokens of whole sequences")
