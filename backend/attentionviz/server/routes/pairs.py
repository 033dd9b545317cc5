"""Heads by query-key pairs: how each head scores the pairs that are wished strong or weak."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from flask import Blueprint, Response

from attentionviz.analysis.answer_cache import cached
from attentionviz.analysis.head_attention import CHUNK_ROWS, fingerprint_of_all, require_finite
from attentionviz.core.pattern import Floats, visible_span
from attentionviz.core.types import HeadId
from attentionviz.errors import InvalidRequestError
from attentionviz.measures.pair_fit import PairScores, fit, pair_weight, score_pairs
from attentionviz.server.http import contract
from attentionviz.server.http.context import context
from attentionviz.server.http.operations import Parameter, operation
from attentionviz.server.http.parameters import open_dataset, query
from attentionviz.server.http.responses import json_bytes_response
from attentionviz.store.checked_files import OpenArray
from attentionviz.store.dataset import DatasetReader
from attentionviz.store.layout import iterate_heads

blueprint = Blueprint("pairs", __name__, url_prefix="/api/v1/datasets/<dataset_id>/heads")
MAX_PAIRS = 20
PAIRS_PATTERN = r"[0-9]{1,9}-[0-9]{1,9}(,[0-9]{1,9}-[0-9]{1,9}){0,19}"
# Numbers of keys that are read for one answer, in all heads: about a second. In a larger corpus a
# pair is compared with blocks of keys that are evenly spread over it.
MAX_KEY_NUMBERS = 1 << 28
N_DIGITS = 7


class Pair(NamedTuple):
    """A query and a key by their tokens, and what is wished of their score."""

    query: int
    key: int
    is_strong: bool


def _pairs(name: str, text: str) -> list[tuple[int, int]]:
    if not re.fullmatch(PAIRS_PATTERN, text):
        raise InvalidRequestError(
            f"{name} is {text[:40]!r}, not 1 to {MAX_PAIRS} pairs of query and key like 12-40,3-9"
        )
    found = [part.split("-") for part in text.split(",")]
    return [(int(query), int(key)) for query, key in found]


_STRONG, _WEAK = (
    Parameter(
        _pairs,
        {"type": "string", "pattern": f"^{PAIRS_PATTERN}$"},
        f"Pairs wished {wish}, query token and key token each; at most {MAX_PAIRS} in all.",
    )
    for wish in ("strong", "weak")
)


@blueprint.get("/pairs")
@operation(contract.PairAnswer, strong=_STRONG, weak=_WEAK)
def get_pairs(dataset_id: str) -> Response:
    """Return how every head scores the given pairs, and how well that fits what is wished."""
    wanted = query()
    reader = open_dataset(dataset_id, wanted["v"])
    pairs = [
        Pair(query_token, key_token, name == "strong")
        for name in ("strong", "weak")
        for query_token, key_token in wanted[name] or []
    ]
    _require_pairs(pairs, reader.n_tokens)
    etag = fingerprint_of_all(reader, "pairs", pairs)

    def make() -> bytes:
        def compute() -> bytes:
            return json.dumps(_answer(reader, pairs), separators=(",", ":")).encode()

        return cached(reader, ("pairs", etag), compute, len, context().heavy)

    return json_bytes_response(etag, make, reader)


def _require_pairs(pairs: list[Pair], n_tokens: int) -> None:
    if not 1 <= len(pairs) <= MAX_PAIRS:
        raise InvalidRequestError(
            f"{len(pairs)} pairs are given in strong and weak, not 1 to {MAX_PAIRS}"
        )
    seen = set()
    for pair in pairs:
        for kind in ("query", "key"):
            token = getattr(pair, kind)
            if token >= n_tokens:
                raise InvalidRequestError(f"{kind} {token} is outside 0..{n_tokens - 1}")
        if pair[:2] in seen:
            raise InvalidRequestError(f"the pair {pair.query}-{pair.key} is given more than once")
        seen.add(pair[:2])


def _answer(reader: DatasetReader, pairs: list[Pair]) -> dict[str, Any]:
    spans = _compared_spans(reader)
    is_strong = np.array([pair.is_strong for pair in pairs])
    sequences = reader.sequences()
    sequence = [np.searchsorted(sequences.start, pair[:2], side="right") for pair in pairs]
    heads = []
    for head in iterate_heads(reader.manifest["n_layers"], reader.manifest["n_heads"]):
        found, weights = _score_head(reader, head, pairs, spans)
        columns = zip(found.score, found.percentile, found.n_above + 1, weights, strict=True)
        rows = [_row(*numbers) for numbers in columns]
        fitting = round(float(fit(found.percentile, is_strong)), N_DIGITS)
        heads.append({"layer": head.layer, "head": head.head, "fit": fitting, "pairs": rows})
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
    """Return first and end tokens of the blocks of keys that a pair is compared with."""
    n, facts = reader.n_tokens, reader.manifest
    most = MAX_KEY_NUMBERS // (facts["n_layers"] * facts["n_heads"] * facts["d_head"])
    if n <= most:
        return [(start, min(start + CHUNK_ROWS, n)) for start in range(0, n, CHUNK_ROWS)]
    size = max(1, min(CHUNK_ROWS, most // 8))
    starts = np.linspace(0, n - size, max(1, most // size)).astype(np.int64)
    return [(start, start + size) for start in starts.tolist()]


def _score_head(
    reader: DatasetReader, head: HeadId, pairs: list[Pair], spans: list[tuple[int, int]]
) -> tuple[PairScores, list[float | None]]:
    """Return where the pairs stand, and their weights; None where a query does not see the key."""
    scaling = np.float32(reader.manifest["layers"][head.layer]["scaling"])
    with (
        reader.open_array(reader.queries_path(head)) as queries,
        reader.open_array(reader.keys_path(head)) as keys,
    ):
        own_queries = scaling * _stacked(queries, [pair.query for pair in pairs])
        own_keys = _stacked(keys, [pair.key for pair in pairs])
        found = score_pairs(own_queries, own_keys, _blocks(keys, spans))
        require_finite(found.score, head)
        weights: list[float | None] = []
        for i, pair in enumerate(pairs):
            seen = _seen(reader, head, pair)
            weights.append(
                pair_weight(own_queries[i], found.score[i], _blocks(keys, seen)) if seen else None
            )
    return found, weights


def _seen(reader: DatasetReader, head: HeadId, pair: Pair) -> list[tuple[int, int]]:
    """Return the blocks of keys that a pair's query sees; none where its key is not among them."""
    sequences, rule = reader.sequences(), reader.manifest["layers"][head.layer]
    sequence = int(np.searchsorted(sequences.start, pair.query, side="right")) - 1
    start, n = int(sequences.start[sequence]), int(sequences.length[sequence])
    hidden = {name: rule[name] for name in ("is_causal", "max_distance")}
    low, end = (start + at for at in visible_span(pair.query - start, n, **hidden))
    if not low <= pair.key < end:
        return []
    return [(at, min(at + CHUNK_ROWS, end)) for at in range(low, end, CHUNK_ROWS)]


def _stacked(array: OpenArray, tokens: list[int]) -> Floats:
    rows = [array.rows(token, token + 1)[0] for token in tokens]
    return np.stack(rows).astype(np.float32)  # (pair, d_head)


def _blocks(array: OpenArray, spans: list[tuple[int, int]]) -> Iterator[Floats]:
    for start, stop in spans:
        yield array.rows(start, stop).astype(np.float32, copy=False)
