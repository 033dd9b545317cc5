"""Sparsity and entropy of the attention of every sequence, in one head or in all heads."""

from collections.abc import Sequence
from contextlib import AbstractContextManager

import numpy as np
from numpy.typing import NDArray

from attentionviz.analysis.answer_cache import cached
from attentionviz.analysis.head_attention import (
    MAX_SEQUENCE,
    fingerprint,
    require_finite,
)
from attentionviz.core.heads import heads_of
from attentionviz.core.pattern import Floats
from attentionviz.core.types import HeadId
from attentionviz.measures.head_scores.corpus import HeadAttention, TextTokens
from attentionviz.measures.head_scores.spread import row_entropies, row_sparsities
from attentionviz.store.dataset import DatasetReader

# Weights that are computed for one answer, in all heads: one to two seconds.
MAX_WEIGHTS = 1 << 24
# Most tokens whose vectors are in memory at once.
CHUNK_TOKENS = 1 << 16
Sums = NDArray[np.float64]


def sequence_scores(
    reader: DatasetReader,
    head: HeadId | None = None,
    limiter: AbstractContextManager[object] | None = None,
) -> tuple[Floats, int]:
    """Return three numbers for every sequence, kept once computed.

    Parameters
    ----------
    reader : DatasetReader
    head : HeadId or None
        None for the mean over all heads that have a mean, each counting the same.
    limiter : context manager or None
        Held while it is computed: how many may compute at once.

    Returns
    -------
    scores : ndarray of float32, shape (n_sequences, 3)
        Mean over rows of the keys that hold 90 % of the mass, and of the entropy over its largest
        value, as of the head scores; and the number of rows of all heads. Rows that see one key
        do not count, and a sequence without others has NaN, NaN, 0. Three NaN for what was left
        out: sequences of more than 4,096 tokens or without stored vectors, and where there are too
        many, all but some that are evenly spread.
    n_used : int
        Sequences that were computed.

    Raises
    ------
    HeadOutOfRangeError
        When the model has no such head.
    DamagedDatasetError
        When a vector is not finite.
    """
    heads = heads_of(reader.manifest) if head is None else [head]
    return cached(
        reader,
        ("sequence scores", fingerprint(reader, head)),
        lambda: _compute(reader, heads),
        lambda found: found[0].nbytes,
        limiter,
    )


def _compute(reader: DatasetReader, heads: Sequence[HeadId]) -> tuple[Floats, int]:
    chosen = _chosen_sequences(reader.sequences().length, reader.has_vectors(), len(heads))
    totals = np.zeros((reader.manifest["n_sequences"], 4))  # means, rows, heads
    for head in heads:
        sums = _sums_of(reader, head, chosen)
        require_finite(sums, head)
        has_rows = sums[:, 2] > 0  # a head without a row that has a choice has no mean
        totals[has_rows, :2] += sums[has_rows, :2] / sums[has_rows, 2:]
        totals[:, 2:] += np.column_stack([sums[:, 2], has_rows])
    with np.errstate(invalid="ignore"):
        scores = np.column_stack([totals[:, :2] / totals[:, 3:], totals[:, 2]])
    scores[~chosen] = np.nan
    return scores.astype(np.float32), int(np.count_nonzero(chosen))


def _chosen_sequences(
    lengths: NDArray[np.int64], has_vectors: NDArray[np.bool_], n_heads: int
) -> NDArray[np.bool_]:
    """Return which sequences are computed, bool (n_sequences,): all with vectors, or every n-th."""
    chosen = has_vectors & (lengths <= MAX_SEQUENCE)
    n_weights = n_heads * int((lengths[chosen] ** 2).sum())
    step = -(-n_weights // MAX_WEIGHTS)
    if step > 1:
        chosen &= np.arange(len(lengths)) % step == 0
    return chosen


def _sums_of(reader: DatasetReader, head: HeadId, chosen: NDArray[np.bool_]) -> Sums:
    """Return keys for 90 %, entropy and 1, summed over the rows of each sequence."""
    sequences, rule = reader.sequences(), reader.rule(head)
    starts, lengths = sequences.start, sequences.length
    sums = np.zeros((len(chosen), 3))
    groups = starts // CHUNK_TOKENS
    with (
        reader.open_vectors(reader.queries_path(head)) as queries,
        reader.open_vectors(reader.keys_path(head)) as keys,
    ):
        for group in np.unique(groups[chosen]):
            some = np.flatnonzero(chosen & (groups == group))
            spans = list(zip(starts[some], starts[some] + lengths[some], strict=True))
            own = np.repeat(some, lengths[some])  # the sequence of each token
            attention = HeadAttention(
                np.concatenate([queries.rows(*span) for span in spans]),
                np.concatenate([keys.rows(*span) for span in spans]),
                lengths[some],
                rule,
                sequences.chosen(some).n_source,
            )
            _add_sums(sums, attention, own)
    return sums


def _add_sums(sums: Sums, attention: HeadAttention, own: NDArray[np.int64]) -> None:
    """Add the sums over the rows of some sequences; `own` is the sequence of each token."""
    for rows in attention.blocks(TextTokens.of(own)):
        sparsities, entropies = row_sparsities(rows), row_entropies(rows)
        found = [sparsities.sum(axis=1), entropies.sum(axis=1)]
        found.append(np.full(len(entropies), entropies.shape[1]))
        sums[rows.tokens.token_id[:, 0]] += np.stack(found, axis=1)
