"""Attention given and received by each token in one head, over the whole corpus."""

from contextlib import AbstractContextManager

import numpy as np

from attentionviz.analysis.answer_cache import cached
from attentionviz.analysis.head_attention import MAX_SEQUENCE, fingerprint
from attentionviz.core.pattern import Floats, attention_pattern
from attentionviz.core.types import HeadId
from attentionviz.store.dataset import DatasetReader

# Weights that are computed for one answer: about a second.
MAX_WEIGHTS = 1 << 27


def token_scores(
    reader: DatasetReader, head: HeadId, limiter: AbstractContextManager[object] | None = None
) -> tuple[Floats, int]:
    """Return two numbers for every token, kept once computed.

    Parameters
    ----------
    reader : DatasetReader
    head : HeadId
    limiter : context manager or None
        Held while it is computed: how many may compute at once.

    Returns
    -------
    scores : ndarray of float32, shape (n_tokens, 2)
        Of its query: the largest weight of its row of the pattern, 0 to 1. Of its key: the sum
        of its column over the number of queries per key, so that 1 is the mean of the sequence.
        NaN where a sequence was left out, or the head has no query or key of a token.
    n_used : int
        Sequences that were computed; those without stored vectors or of more than 4,096 tokens,
        and what is beyond 2^27 weights in all, are left out.
    """
    return cached(
        reader,
        ("token scores", fingerprint(reader, head)),
        lambda: _compute(reader, head),
        lambda found: found[0].nbytes,
        limiter,
    )


def _compute(reader: DatasetReader, head: HeadId) -> tuple[Floats, int]:
    sequences, rule = reader.sequences(), reader.rule(head)
    scores = np.full((reader.n_tokens, 2), np.nan, dtype=np.float32)
    n_used = n_weights = 0
    with (
        reader.open_vectors(reader.queries_path(head)) as queries,
        reader.open_vectors(reader.keys_path(head)) as keys,
    ):
        for sequence in np.flatnonzero(reader.has_vectors()).tolist():
            n = int(sequences.length[sequence])
            n_weights += n * n
            if n > MAX_SEQUENCE or n_weights > MAX_WEIGHTS:
                continue
            span = rule.span_of(*sequences.one(sequence))
            pattern = attention_pattern(queries.rows(*span.queries), keys.rows(*span.keys), rule)
            n_queries, n_keys = pattern.shape
            scores[slice(*span.queries), 0] = pattern.max(axis=1)
            scores[slice(*span.keys), 1] = pattern.sum(axis=0) * np.float32(n_keys / n_queries)
            n_used += 1
    return scores, n_used
