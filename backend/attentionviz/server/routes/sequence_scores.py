"""How sparse and how even the attention of every sequence is, in one head or in all of them."""

from collections.abc import Sequence
from threading import BoundedSemaphore

import numpy as np
from flask import Blueprint, Response
from numpy.typing import NDArray

from attentionviz.analysis.answer_cache import cached
from attentionviz.analysis.head_attention import (
    MAX_SEQUENCE,
    all_heads,
    fingerprint,
    fingerprint_of_all,
    require_finite,
)
from attentionviz.core.pattern import Floats
from attentionviz.core.types import HeadId
from attentionviz.errors import InvalidRequestError
from attentionviz.measures.head_scores.corpus import HeadAttention, TextTokens
from attentionviz.measures.head_scores.spread import row_entropies, row_sparsities
from attentionviz.server.http.context import context
from attentionviz.server.http.operations import array, operation
from attentionviz.server.http.parameters import open_dataset, query, whole_number
from attentionviz.server.http.responses import array_response
from attentionviz.store.dataset import DatasetReader

blueprint = Blueprint("sequences", __name__, url_prefix="/api/v1/datasets/<dataset_id>/sequences")
# Weights that are computed for one answer, in all heads: one to two seconds.
MAX_WEIGHTS = 1 << 24
# Tokens whose vectors are held at once.
CHUNK_TOKENS = 1 << 16
_INDEX = whole_number(0, 9999, "Of one head; without layer and head the mean over all.")
Sums = NDArray[np.float64]


@blueprint.get("/scores")
@operation(
    array(
        "float32 (sequence, 3): keys that hold 90 % of the mass and entropy over its largest "
        "value, means over rows that see two keys or more; number of these rows, of all heads. "
        "NaN for what was left out.",
        "X-Sequences",
        "X-Sequences-Total",
    ),
    layer=_INDEX,
    head=_INDEX,
)
def get_sequence_scores(dataset_id: str) -> Response:
    """Return how sparse and how even the attention of every sequence is."""
    wanted = query()
    if (wanted["layer"] is None) != (wanted["head"] is None):
        raise InvalidRequestError("layer and head belong together; without both all heads count")
    reader = open_dataset(dataset_id, wanted["v"])
    if wanted["layer"] is None:
        heads = all_heads(reader)
        etag = fingerprint_of_all(reader, "sequence scores")
    else:
        heads = [HeadId(wanted["layer"], wanted["head"])]
        reader.require_head(heads[0])
        etag = fingerprint(reader, heads[0], "sequence scores")

    def make() -> tuple[Floats, dict[str, str]]:
        scores = sequence_scores(reader, heads, etag, context().heavy)
        n_used = int(np.count_nonzero(np.isfinite(scores[:, 2])))
        return scores, {"X-Sequences": str(n_used), "X-Sequences-Total": str(len(scores))}

    return array_response(reader, etag, make)


def sequence_scores(
    reader: DatasetReader, heads: Sequence[HeadId], etag: str, heavy: BoundedSemaphore
) -> Floats:
    """Return three numbers for every sequence, kept once computed.

    Parameters
    ----------
    reader : DatasetReader
    heads : sequence of HeadId
        Over which the mean is taken, each head counting the same.
    etag : str
        Under which the answer is kept.
    heavy : BoundedSemaphore
        How many may compute at once.

    Returns
    -------
    ndarray of float32, shape (n_sequences, 3)
        Mean over rows of the keys that hold 90 % of the mass, and of the entropy over its largest
        value, as of the head scores; and the number of rows of all heads. Rows that see one key
        do not count, and a sequence without others has NaN, NaN, 0. Three NaN for what was left
        out: sequences of more than 4,096 tokens, and where there are too many, all but some that
        are evenly spread.
    """
    return cached(
        reader,
        ("sequence scores", etag),
        lambda: _compute(reader, heads),
        lambda scores: scores.nbytes,
        heavy,
    )


def _compute(reader: DatasetReader, heads: Sequence[HeadId]) -> Floats:
    chosen = chosen_sequences(reader.sequences().length, len(heads))
    means = np.zeros((reader.manifest["n_sequences"], 2))
    n_rows = np.zeros(len(means))
    with np.errstate(invalid="ignore"):
        for head in heads:
            sums = _sums_of(reader, head, chosen)
            require_finite(sums, head)
            # A head without a row that has a choice has no mean; heads of a model agree on that.
            means += sums[:, :2] / sums[:, 2:]
            n_rows += sums[:, 2]
    means[n_rows == 0] = np.nan
    scores = np.column_stack([means / len(heads), n_rows])
    scores[~chosen] = np.nan
    return scores.astype(np.float32)


def chosen_sequences(lengths: NDArray[np.int64], n_heads: int) -> NDArray[np.bool_]:
    """Return which sequences are computed, bool (n_sequences,): all, or each so many-th."""
    chosen = lengths <= MAX_SEQUENCE
    n_weights = n_heads * int((lengths[chosen] ** 2).sum())
    step = -(-n_weights // MAX_WEIGHTS)
    if step > 1:
        chosen &= np.arange(len(lengths)) % step == 0
    return chosen


def _sums_of(reader: DatasetReader, head: HeadId, chosen: NDArray[np.bool_]) -> Sums:
    """Return keys for 90 %, entropy and 1, summed over the rows of each sequence."""
    (starts, lengths), rule = reader.sequences(), reader.manifest["layers"][head.layer]
    sums = np.zeros((len(chosen), 3))
    groups = starts // CHUNK_TOKENS
    with (
        reader.open_array(reader.queries_path(head)) as queries,
        reader.open_array(reader.keys_path(head)) as keys,
    ):
        for group in np.unique(groups[chosen]):
            some = np.flatnonzero(chosen & (groups == group))
            span = int(starts[some[0]]), int(starts[some[-1]] + lengths[some[-1]])
            own = np.repeat(some, lengths[some])  # the sequence of each token
            first = np.cumsum(lengths[some]) - lengths[some]
            tokens = np.repeat(starts[some] - span[0] - first, lengths[some]) + np.arange(len(own))
            attention = HeadAttention(
                queries.rows(*span)[tokens], keys.rows(*span)[tokens], lengths[some], **rule
            )
            _add_sums(sums, attention, own)
    return sums


def _add_sums(sums: Sums, attention: HeadAttention, own: NDArray[np.int64]) -> None:
    """Add what the rows of some sequences say; `own` is the sequence of each of their tokens."""
    for rows in attention.blocks(TextTokens.of(own)):
        sparsities, entropies = row_sparsities(rows), row_entropies(rows)
        found = [sparsities.sum(axis=1), entropies.sum(axis=1)]
        found.append(np.full(len(entropies), entropies.shape[1]))
        sums[rows.tokens.token_id[:, 0]] += np.stack(found, axis=1)
