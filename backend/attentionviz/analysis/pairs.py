"""Ranking of heads by query-key pairs that are wished strong or weak."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attentionviz.analysis.answer_cache import cached
from attentionviz.analysis.head_attention import CHUNK_ROWS, fingerprint, require_finite
from attentionviz.core.heads import heads_of, layers_of
from attentionviz.core.pattern import Floats
from attentionviz.core.rule import HeadRule
from attentionviz.core.types import HeadId
from attentionviz.errors import InvalidRequestError
from attentionviz.measures.pair_fit import PairScores, fit, pair_weight, score_pairs
from attentionviz.store.dataset import DatasetReader
from attentionviz.store.kept_vectors import VectorRows, not_stored

MAX_PAIRS = 20
# Numbers of keys that are read for one answer, in all heads: about a second. In a larger corpus a
# pair is compared with blocks of keys that are evenly spread over it.
MAX_KEY_NUMBERS = 1 << 28
N_DIGITS = 7
# What the four numbers of a pair in a head take in the cache, as objects of Python.
BYTES_PER_PAIR = 400


class Pair(NamedTuple):
    """A query and a key by their tokens, and whether their score should be strong or weak."""

    query: int
    key: int
    is_strong: bool


def heads_by_pairs(
    reader: DatasetReader,
    pairs: Sequence[Pair],
    limiter: AbstractContextManager[object] | None = None,
) -> dict[str, Any]:
    """Return the scores of some pairs in every head, and how well they fit the wishes.

    Parameters
    ----------
    reader : DatasetReader
    pairs : sequence of Pair
        1 to 20, each once.
    limiter : context manager or None
        Held while it is computed: how many may compute at once.

    Returns
    -------
    dict
        ``pairs``: each with ``query``, ``key``, ``wish`` ("strong" or "weak") and
        ``is_same_sequence``. ``n_keys``: how many tokens each is compared with, those that have a
        key in the head, of ``n_keys_total``. ``heads``, layer by layer: each with ``layer``,
        ``head``, ``fit`` (0 to 1, see `measures.pair_fit.fit`) and ``pairs``, in the order given:
        ``score`` = scaling * q·k, ``percentile`` among the keys (0 to 1), ``rank`` from 1, and
        ``weight`` in the pattern, None where the query does not see the key. Numbers have seven
        decimals. A pair is None in a head without that query or key, and heads without any of the
        pairs are left out.

    Raises
    ------
    InvalidRequestError
        When there are none or too many pairs, one twice, or a token that there is not.
    VectorsNotStoredError
        When the dataset was built without the queries and keys of a pair.
    DamagedDatasetError
        When a vector is not finite.
    """
    _require_pairs(pairs, reader.n_tokens)
    return cached(
        reader,
        ("pairs", fingerprint(reader, None, *pairs)),
        lambda: _compute(reader, pairs),
        lambda answer: BYTES_PER_PAIR * len(pairs) * len(answer["heads"]),
        limiter,
    )


def pairs_fingerprint(reader: DatasetReader, pairs: Sequence[Pair]) -> str:
    """Return a fingerprint that changes when `heads_by_pairs` does; validates pairs alike."""
    _require_pairs(pairs, reader.n_tokens)
    return fingerprint(reader, None, "pairs", *pairs)


def _require_pairs(pairs: Sequence[Pair], n_tokens: int) -> None:
    if not 1 <= len(pairs) <= MAX_PAIRS:
        raise InvalidRequestError(
            f"{len(pairs)} pairs are given in strong and weak, not 1 to {MAX_PAIRS}"
        )
    seen = set()
    for pair in pairs:
        for kind in ("query", "key"):
            token = getattr(pair, kind)
            if not 0 <= token < n_tokens:
                raise InvalidRequestError(f"{kind} {token} is outside 0..{n_tokens - 1}")
        if pair[:2] in seen:
            raise InvalidRequestError(f"the pair {pair.query}-{pair.key} is given more than once")
        seen.add(pair[:2])


def _compute(reader: DatasetReader, pairs: Sequence[Pair]) -> dict[str, Any]:
    spans = _compared_spans(reader)
    is_strong = np.array([pair.is_strong for pair in pairs])
    sequences = reader.sequences()
    sequence = [np.searchsorted(sequences.start, pair[:2], side="right") for pair in pairs]
    has_vectors = reader.has_vectors()
    for pair, (first, second) in zip(pairs, sequence, strict=True):
        if not (has_vectors[first - 1] and has_vectors[second - 1]):
            raise not_stored(reader.manifest, f"the pair {pair.query}-{pair.key}")
    heads = []
    for head in heads_of(reader.manifest):
        of_head = reader.spans(head)
        has_query, has_key = of_head.has_query(reader.n_tokens), of_head.has_key(reader.n_tokens)
        exists = [bool(has_query[pair.query] and has_key[pair.key]) for pair in pairs]
        if not any(exists):
            continue
        existing = [pair for pair, is_there in zip(pairs, exists, strict=True) if is_there]
        found, weights = _score_head(reader, head, existing, spans, has_key)
        columns = zip(found.score, found.percentile, found.n_above + 1, weights, strict=True)
        rows = (_row(*numbers) for numbers in columns)
        fitting = round(float(fit(found.percentile, is_strong[exists])), N_DIGITS)
        of_pairs = [next(rows) if is_there else None for is_there in exists]
        heads.append({"layer": head.layer, "head": head.head, "fit": fitting, "pairs": of_pairs})
    wishes = [
        {
            "query": pair.query,
            "key": pair.key,
            "wish": "strong" if pair.is_strong else "weak",
            "is_same_sequence": bool(first == second),
        }
        for pair, (first, second) in zip(pairs, sequence, strict=True)
    ]
    n_keys = sum(stop - start for start, stop in spans)
    return {"pairs": wishes, "n_keys": n_keys, "n_keys_total": reader.n_tokens, "heads": heads}


def _row(score: float, percentile: float, rank: int, weight: float | None) -> dict[str, Any]:
    return {
        "score": round(float(score), N_DIGITS),
        "percentile": round(float(percentile), N_DIGITS),
        "rank": int(rank),
        "weight": None if weight is None else round(weight, N_DIGITS),
    }


def _compared_spans(reader: DatasetReader) -> list[tuple[int, int]]:
    """Return the blocks of stored keys that a pair is compared with: first and end rows."""
    n = reader.manifest["keep_vectors"]["n_tokens"]
    most = MAX_KEY_NUMBERS // sum(one.n_heads * one.d_head for one in layers_of(reader.manifest))
    if n <= most:
        return [(start, min(start + CHUNK_ROWS, n)) for start in range(0, n, CHUNK_ROWS)]
    size = max(1, min(CHUNK_ROWS, most // 8))
    starts = np.linspace(0, n - size, max(1, most // size)).astype(np.int64)
    return [(start, start + size) for start in starts.tolist()]


def _score_head(
    reader: DatasetReader,
    head: HeadId,
    pairs: Sequence[Pair],
    spans: list[tuple[int, int]],
    has_key: NDArray[np.bool_],
) -> tuple[PairScores, list[float | None]]:
    """Return where the pairs stand, and their weights; None where a query does not see the key."""
    scaling = np.float32(reader.manifest["layers"][head.layer]["scaling"])
    with (
        reader.open_vectors(reader.queries_path(head)) as queries,
        reader.open_vectors(reader.keys_path(head)) as keys,
    ):
        own_queries = _stacked(queries, [pair.query for pair in pairs])
        own_keys = _stacked(keys, [pair.key for pair in pairs])
        blocks = (keys.block(*span) for span in spans)
        existing = (block.astype(np.float32, copy=False)[has_key[some]] for some, block in blocks)
        found = score_pairs(scaling * own_queries, own_keys, existing)
        require_finite(found.score, head)
        rule = reader.rule(head)
        weights = [
            _weight(reader, rule, pair, query, keys)
            for pair, query in zip(pairs, own_queries, strict=True)
        ]
    return found, weights


def _weight(
    reader: DatasetReader, rule: HeadRule, pair: Pair, query: Floats, keys: VectorRows
) -> float | None:
    """Return the weight of a pair in the pattern; None where its query does not see its key."""
    sequences = reader.sequences()
    sequence = int(np.searchsorted(sequences.start, pair.query, side="right")) - 1
    span = rule.span_of(*sequences.one(sequence))
    start = span.keys[0]
    at = (pair.query - span.queries[0], pair.key - start)
    low, end = rule.span(at[0], span.keys[1] - start)
    if not low <= at[1] < end:
        return None
    firsts = range(low, end, CHUNK_ROWS)
    spans = [(start + first, start + min(first + CHUNK_ROWS, end)) for first in firsts]
    return pair_weight(query, at, rule, zip(firsts, _blocks(keys, spans), strict=True))


def _stacked(vectors: VectorRows, tokens: list[int]) -> Floats:
    rows = [vectors.rows(token, token + 1)[0] for token in tokens]
    return np.stack(rows).astype(np.float32)  # (pair, d_head)


def _blocks(vectors: VectorRows, spans: list[tuple[int, int]]) -> Iterator[Floats]:
    for start, stop in spans:
        yield vectors.rows(start, stop).astype(np.float32, copy=False)
