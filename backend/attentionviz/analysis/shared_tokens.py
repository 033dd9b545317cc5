"""Sequences, tokens, words and patches that two datasets of one corpus share."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from attentionviz.analysis.answer_cache import cached
from attentionviz.core.heads import heads_of
from attentionviz.core.token_alignment import shared_words
from attentionviz.errors import InvalidRequestError
from attentionviz.store import layout
from attentionviz.store.dataset import DatasetReader
from attentionviz.store.token_files import SURFACE

MAX_SEQUENCE = 2048
WANTED_ROWS = 1024
# Weights of all heads of the other dataset together: a second or two.
MAX_WEIGHTS = 1 << 27


class SharedSequence(NamedTuple):
    """One sequence as two datasets have it.

    Attributes
    ----------
    starts : tuple of int
        Its first token in each.
    units : tuple of ndarray of int64, shape (n_tokens,) of each
        Unit of every token; −1 for none.
    n_units : int
    """

    starts: tuple[int, int]
    units: tuple[NDArray[np.int64], NDArray[np.int64]]
    n_units: int


def shared_sequences(
    reader: DatasetReader, other: DatasetReader
) -> tuple[str, list[SharedSequence]]:
    """Return by what heads of two datasets are compared, and over which sequences.

    Parameters
    ----------
    reader, other : DatasetReader
        Of the same corpus.

    Returns
    -------
    compared_by : str
        "token" where all these sequences are cut into the same tokens, else "word"; "patch" for
        images.
    shared : list of SharedSequence
        Chosen by the seed of `reader`, in the order of the corpus.

    Raises
    ------
    InvalidRequestError
        When no sequence has two units in common.
    """
    parts = [
        one.tokens.fingerprint("shared", one.manifest["keep_vectors"]) for one in (reader, other)
    ]
    key = ("shared sequences", *parts, len(heads_of(other.manifest)))
    unit, shared = cached(reader, key, lambda: _find(reader, other), _n_bytes)
    if not shared:
        raise InvalidRequestError(
            f"{reader.dataset_id} and {other.dataset_id} share no sequence with two words and with "
            "stored queries and keys"
        )
    return unit, shared


def _n_bytes(found: tuple[str, list[SharedSequence]]) -> int:
    return sum(16 * sum(map(len, one.units)) for one in found[1])


def _find(reader: DatasetReader, other: DatasetReader) -> tuple[str, list[SharedSequence]]:
    chosen = _chosen(reader, other)
    if reader.manifest["model"]["modality"] == "image":
        return "patch", [_same(reader, other, i) for i in chosen]
    tokens = [_tokens(one, chosen) for one in (reader, other)]
    if tokens[0] == tokens[1]:
        shared = [_same(reader, other, i) for i in chosen]
        return "token", [one for one in shared if one.n_units > 1]
    found = []
    for i, own, theirs in zip(chosen, *tokens, strict=True):
        (text,) = reader.tokens.texts(first=i, end=i + 1)
        words = shared_words(text, _written(own), _written(theirs))
        if words.n_words > 1:
            starts = _starts(reader, other, i)
            found.append(SharedSequence(starts, (words.first, words.second), words.n_words))
    return "word", found


def _chosen(reader: DatasetReader, other: DatasetReader) -> list[int]:
    """Return sequences of both, by seed, ascending: enough for the rows that are wanted."""
    lengths = [one.sequences().length for one in (reader, other)]
    n = min(map(len, lengths))
    own, theirs = lengths[0][:n], lengths[1][:n]
    is_able = np.maximum(own, theirs) <= MAX_SEQUENCE
    is_able &= reader.has_vectors()[:n] & other.has_vectors()[:n]
    if reader.manifest["model"]["modality"] == "image":
        is_able &= own == theirs
    able = np.flatnonzero(is_able)
    shuffled = np.random.default_rng(reader.manifest["seed"]).permutation(able)
    n_heads = len(heads_of(other.manifest))
    weights = np.cumsum(own[shuffled] ** 2 + n_heads * theirs[shuffled] ** 2)
    rows = np.cumsum(np.minimum(own, theirs)[shuffled])
    n_chosen = 1 + int(np.searchsorted(rows, WANTED_ROWS))
    n_able = max(1, int(np.searchsorted(weights, MAX_WEIGHTS, side="right")))
    return [int(i) for i in np.sort(shuffled[: min(n_chosen, n_able)])]


def _tokens(reader: DatasetReader, chosen: list[int]) -> list[list[tuple[str, bool]]]:
    """Return the tokens of each chosen sequence, and whether each is part of the text."""
    vocabulary, sequences = reader.tokens.vocabulary(), reader.sequences()
    words = vocabulary.get(SURFACE, vocabulary["text"])  # of the text, where one is unknown
    rows = [
        (word or text, kind == "text")
        for text, word, kind in zip(
            vocabulary["text"], words, vocabulary["token_type"], strict=True
        )
    ]
    found = []
    for i in chosen:
        start, length, _ = sequences.one(i)
        codes = reader.tokens.array(layout.CODES, start, start + length)
        found.append([rows[code] for code in codes.tolist()])
    return found


def _written(tokens: list[tuple[str, bool]]) -> list[str | None]:
    return [text if is_of_text else None for text, is_of_text in tokens]


def _starts(reader: DatasetReader, other: DatasetReader, sequence: int) -> tuple[int, int]:
    own, theirs = (int(one.sequences().start[sequence]) for one in (reader, other))
    return own, theirs


def _same(reader: DatasetReader, other: DatasetReader, sequence: int) -> SharedSequence:
    n = int(reader.sequences().length[sequence])
    return SharedSequence(_starts(reader, other, sequence), (np.arange(n), np.arange(n)), n)
