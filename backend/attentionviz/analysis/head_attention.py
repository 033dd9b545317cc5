"""Patterns, means and partners of one head, read in pieces, with bounded work and memory."""

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attentionviz import __version__
from attentionviz.analysis.answer_cache import cached
from attentionviz.core.heads import by_layer, heads_of
from attentionviz.core.pattern import NORM_COLUMN, WEIGHTS, Floats, attention_pattern, weigh_keys
from attentionviz.core.rule import HeadRule, row_name
from attentionviz.core.types import HeadId
from attentionviz.errors import DamagedDatasetError, InvalidRequestError, NotFoundError
from attentionviz.store.checked_files import OpenArray
from attentionviz.store.dataset import DatasetReader
from attentionviz.store.kept_vectors import not_stored

LONG_SEQUENCE = 512
MAX_SEQUENCE = 4096
MAX_AGGREGATE = 1024
# A mean over more rows than these is made of sequences that are evenly spread over the corpus.
MAX_AGGREGATE_SEQUENCES = 2000
MAX_AGGREGATE_SCORES = 1 << 25
CHUNK_ROWS = 8192
# The means of all heads at once: scores of all of them together, and the side of each image.
MAX_ALL_HEADS_SCORES = 1 << 27
MAX_ALL_HEADS_SIDE = 32
# The pattern of one sequence in all heads: weights of all of them together.
MAX_ALL_HEADS_NUMBERS = 1 << 20


def fingerprint(reader: DatasetReader, head: HeadId | None, *parts: object) -> str:
    """Return a fingerprint that changes when the computed values of a head do.

    Parameters
    ----------
    reader : DatasetReader
    head : HeadId or None
        None for all heads together.
    *parts : object
        Name of the computation, and its parameters.

    Raises
    ------
    HeadOutOfRangeError
        When the model has no such head.
    """
    if head is None:
        every = (fingerprint(reader, one) for one in heads_of(reader.manifest))
        return reader.fingerprint(*every, *parts, files=())
    files = [reader.queries_path(head), reader.keys_path(head), *reader.tokens.paths]
    files.append(reader.norms_path(head))
    rule = sorted(reader.manifest["layers"][head.layer].items())
    return reader.fingerprint(__version__, head.folder, rule, *parts, files=tuple(files))


def sequence_pattern(
    reader: DatasetReader,
    head: HeadId,
    sequence_idx: int,
    weight: str,
    *,
    max_tokens: int | None = None,
    limiter: AbstractContextManager[object] | None = None,
) -> Floats:
    """Return the pattern of one sequence.

    Parameters
    ----------
    reader : DatasetReader
    head : HeadId
    sequence_idx : int
    weight : "none", "value" or "output"
        Whether keys are weighed by ‖v‖ or ‖v·W_O‖, rows summing to 1 again.
    max_tokens : int or None
        A longer sequence is refused.
    limiter : context manager or None
        Held while a sequence of more than 512 tokens is computed: how many may compute at once.

    Returns
    -------
    ndarray of float32, shape (n, n)
        [query_pos, key_pos] of all tokens of the sequence; 0 where the head has no query or key.

    Raises
    ------
    HeadOutOfRangeError, NotFoundError
        When the model has no such head, or the corpus no such sequence.
    InvalidRequestError
        When there is no such weight, or the sequence is too long.
    VectorsNotStoredError
        When the dataset was built without its queries and keys.
    DamagedDatasetError
        When a vector is not finite.
    """
    if weight not in WEIGHTS:
        raise InvalidRequestError(f"weight is {weight!r}, not one of {', '.join(WEIGHTS)}")
    rule = reader.rule(head)
    found = _sequence(reader, sequence_idx, max_tokens)
    if not reader.has_vectors()[sequence_idx]:
        raise not_stored(reader.manifest, f"the attention of sequence {sequence_idx}")
    span = rule.span_of(*found)
    is_long = found[1] > LONG_SEQUENCE
    with (
        limiter if limiter and is_long else nullcontext(),
        _open_norms(reader, head, weight) as norms,
    ):
        queries, keys = reader.queries(head, *span.queries), reader.keys(head, *span.keys)
        pattern = _weighed(attention_pattern(queries, keys, rule), norms, span.keys, weight)
        require_finite(pattern, head)
    return span.placed(pattern)


def mean_pattern(
    reader: DatasetReader,
    head: HeadId,
    length: int,
    weight: str,
    limiter: AbstractContextManager[object] | None = None,
) -> tuple[Floats, int, int]:
    """Return the mean pattern over sequences whose texts have `length` tokens, kept once computed.

    Parameters
    ----------
    reader : DatasetReader
    head : HeadId
    length : int
        Rows and columns of the answer: the first positions, of a cross head those of target and
        source text. Keys beyond them keep their share of the softmax, so rows may sum to less
        than 1.
    weight : "none", "value" or "output"
        How the pattern of each sequence is weighed before the mean is taken.
    limiter : context manager or None
        Held while it is computed: how many may compute at once.

    Returns
    -------
    mean : ndarray of float32, shape (length, length)
    n_used, n_found : int
        Sequences in the mean, and sequences that are long enough.

    Raises
    ------
    InvalidRequestError
        When no sequence is that long.
    """

    def compute() -> tuple[Floats, int, int]:
        chosen, n_found = _long_sequences(reader, length)
        return _mean(reader, head, length, weight, chosen), len(chosen), n_found

    key = fingerprint(reader, head, "aggregate", length, weight)
    return cached(reader, ("aggregate", key), compute, lambda found: found[0].nbytes, limiter)


def mean_patterns(
    reader: DatasetReader,
    length: int,
    weight: str,
    limiter: AbstractContextManager[object] | None = None,
) -> tuple[Floats, int, int]:
    """Return the mean pattern of every head, kept once computed.

    Parameters
    ----------
    reader, length, weight, limiter
        As of `mean_pattern`; the work is bounded for all heads together, so the means may rest
        on fewer sequences.

    Returns
    -------
    means : ndarray of float32, shape (n_layers, n_heads, side, side)
        [layer, head, query, key]; beyond 32 positions each number is the mean of a block.
    n_used, n_found : int
        Sequences in each mean, and sequences that are long enough.
    """

    def compute() -> tuple[Floats, int, int]:
        heads = heads_of(reader.manifest)
        chosen, n_found = _long_sequences(reader, length, MAX_ALL_HEADS_SCORES // len(heads))
        means = [_coarse(_mean(reader, head, length, weight, chosen)) for head in heads]
        return by_layer(reader.manifest, means), len(chosen), n_found

    key = fingerprint(reader, None, "aggregates", length, weight)
    return cached(reader, ("aggregates", key), compute, lambda found: found[0].nbytes, limiter)


def sequence_patterns(
    reader: DatasetReader,
    sequence_idx: int,
    weight: str,
    of: tuple[str, int] | None = None,
    heavy: AbstractContextManager[object] | None = None,
) -> Floats:
    """Return the pattern of one sequence in every head, or what one of its tokens has of it.

    Parameters
    ----------
    reader, sequence_idx, weight
        As of `sequence_pattern`.
    of : tuple of "query" or "key" and int, or None
        A point of the sequence by its position; None for whole patterns.
    heavy : context manager or None
        Held while it is computed: how many may compute at once.

    Returns
    -------
    ndarray of float32, shape (n_layers, n_heads, side, side) or (n_layers, n_heads, n)
        [layer, head, query, key], where each number is the mean of a block if all heads together
        have more than 2^20 weights. Of a query what it pays to each key, of a key what it
        receives from each query.

    Raises
    ------
    NotFoundError
        When there is no such sequence, or no such position in it.
    InvalidRequestError
        When the sequence is too long for the number of heads.
    """
    heads = heads_of(reader.manifest)
    _, n, _ = _sequence(reader, sequence_idx, None)
    most = math.isqrt(MAX_ALL_HEADS_SCORES // len(heads))
    if of is not None:
        most = min(most, MAX_ALL_HEADS_NUMBERS // len(heads))
    if n > most:
        raise InvalidRequestError(
            f"sequence {sequence_idx} has {n} tokens; the attention of all {len(heads)} heads at "
            f"once is shown up to {most}; open a head"
        )
    if of is not None and of[1] >= n:
        raise NotFoundError(f"position {of[1]} is outside 0..{n - 1}")
    side = math.isqrt(MAX_ALL_HEADS_NUMBERS // len(heads))

    def part(pattern: Floats) -> Floats:
        if of is None:
            return _coarse(pattern, side)
        return pattern[of[1]] if of[0] == "query" else pattern[:, of[1]]

    with heavy or nullcontext():
        parts = [part(sequence_pattern(reader, head, sequence_idx, weight)) for head in heads]
    return by_layer(reader.manifest, parts)


def strongest_partners(
    reader: DatasetReader, head: HeadId, point: int, k: int
) -> list[dict[str, Any]]:
    """Return the keys that a query scores highest, or the queries that score a key highest.

    Parameters
    ----------
    reader : DatasetReader
    head : HeadId
    point : int
        Queries in token order, then keys.
    k : int
        How many; fewer where the corpus has fewer tokens.

    Returns
    -------
    list of dict
        ``token`` and ``score`` = scaling * q·k, highest first; across sequences, whatever the
        mask, among the tokens with stored vectors. Of equal scores the earlier token comes first.

    Raises
    ------
    NotFoundError
        When there is no such point, or the head has no query or key of that token.
    """
    n = reader.n_tokens
    if point >= 2 * n:
        raise NotFoundError(f"point {point} is outside 0..{2 * n - 1}")
    own, other = reader.queries_path(head), reader.keys_path(head)
    spans = reader.spans(head)
    has_own, has_other = spans.has_query(n), spans.has_key(n)
    kind = "query"
    if point >= n:
        own, other, has_own, has_other = other, own, has_other, has_own
        kind, point = "key", point - n
    if not has_own[point]:
        name = row_name(reader.manifest, head.layer)
        raise NotFoundError(f"{name}, head {head.head} has no {kind} of token {point}")
    with reader.open_vectors(own) as vectors:
        vector = vectors.rows(point, point + 1)[0].astype(np.float32)
    vector *= np.float32(reader.manifest["layers"][head.layer]["scaling"])
    tokens = np.empty(0, dtype=np.int64)
    scores = np.empty(0, dtype=np.float32)
    with reader.open_vectors(other) as vectors, np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, vectors.n_rows, CHUNK_ROWS):
            some, block = vectors.block(start, min(start + CHUNK_ROWS, vectors.n_rows))
            found = block.astype(np.float32) @ vector  # (row,)
            existing = has_other[some]
            tokens = np.concatenate([tokens, some[existing]])
            scores = np.concatenate([scores, found[existing]])
            best = np.lexsort((tokens, -scores))[:k]
            tokens, scores = tokens[best], scores[best]
    require_finite(scores, head)
    pairs = zip(tokens.tolist(), scores.tolist(), strict=True)
    return [{"token": token, "score": score} for token, score in pairs]


def _sequence(
    reader: DatasetReader, sequence_idx: int, max_tokens: int | None
) -> tuple[int, int, int | None]:
    """Return start, length and source tokens of a sequence; raise if missing or too long."""
    sequences = reader.sequences()
    n_sequences = len(sequences.start)
    if not 0 <= sequence_idx < n_sequences:
        raise NotFoundError(f"sequence {sequence_idx} is outside 0..{n_sequences - 1}")
    found = sequences.one(sequence_idx)
    if max_tokens is not None and found[1] > max_tokens:
        raise InvalidRequestError(
            f"sequence {sequence_idx} has {found[1]} tokens; attention is shown up to {max_tokens}"
        )
    return found


def _coarse(pattern: Floats, most: int = MAX_ALL_HEADS_SIDE) -> Floats:
    """Return the means of even blocks, at most `most` on a side."""
    n = len(pattern)
    side = min(n, most)
    starts = np.arange(side) * n // side
    sizes = np.diff(np.append(starts, n))
    sums = np.add.reduceat(np.add.reduceat(pattern, starts, axis=0), starts, axis=1)
    return (sums / np.outer(sizes, sizes)).astype(np.float32)


def _long_sequences(
    reader: DatasetReader, length: int, most_scores: int = MAX_AGGREGATE_SCORES
) -> tuple[NDArray[np.int64], int]:
    lengths = reader.sequences().text_lengths
    is_long = (lengths >= length) & (lengths <= MAX_SEQUENCE)
    if not is_long.any():
        longest = int(lengths[lengths <= MAX_SEQUENCE].max(initial=0))
        raise InvalidRequestError(f"no sequence has {length} tokens; the longest has {longest}")
    found, n_found = np.flatnonzero(is_long & reader.has_vectors()), int(is_long.sum())
    if len(found) == 0:
        raise not_stored(reader.manifest, f"mean attention over {length} positions")
    mean_scores = length * float(lengths[found].mean())
    most = min(MAX_AGGREGATE_SEQUENCES, max(1, int(most_scores / mean_scores)))
    if len(found) > most:
        found = found[np.linspace(0, len(found) - 1, most).astype(np.int64)]
    return found, n_found


def _mean(
    reader: DatasetReader, head: HeadId, length: int, weight: str, chosen: NDArray[np.int64]
) -> Floats:
    rule: HeadRule = reader.rule(head)
    spans = rule.spans(*reader.sequences().chosen(chosen))
    total = np.zeros((length, length), dtype=np.float64)
    with (
        reader.open_vectors(reader.queries_path(head)) as queries,
        reader.open_vectors(reader.keys_path(head)) as keys,
        _open_norms(reader, head, weight) as norms,
    ):
        columns = (spans.query_start.tolist(), spans.key_start.tolist(), spans.n_keys.tolist())
        for first_query, first_key, n_keys in zip(*columns, strict=True):
            # The first rows of a causal pattern do not depend on later keys.
            span = first_key, first_key + (length if rule.hides_later_keys else n_keys)
            rows = queries.rows(first_query, first_query + length)
            pattern = attention_pattern(rows, keys.rows(*span), rule)
            total += _weighed(pattern, norms, span, weight)[:, :length]
    mean = (total / len(chosen)).astype(np.float32)
    require_finite(mean, head)
    return mean


@contextmanager
def _open_norms(reader: DatasetReader, head: HeadId, weight: str) -> Iterator[OpenArray | None]:
    """Open the norms of a head if the weight needs them."""
    if weight == "none":
        yield None
        return
    with reader.open_array(reader.norms_path(head)) as norms:
        yield norms


def _weighed(
    pattern: Floats, norms: OpenArray | None, span: tuple[int, int], weight: str
) -> Floats:
    """Return the pattern weighed by the norms of its keys, the tokens of the span."""
    if norms is None:
        return pattern
    return weigh_keys(pattern, norms.rows(*span)[:, NORM_COLUMN[weight]])


def require_finite(array: NDArray[Any], head: HeadId) -> None:
    """Raise DamagedDatasetError, naming the head, unless all numbers are finite."""
    if not np.isfinite(array).all():
        raise DamagedDatasetError(
            f"the vectors of layer {head.layer}, head {head.head} hold numbers that are not finite"
        )
