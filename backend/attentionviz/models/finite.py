"""Detection of vectors that are not finite, with token, layer and head."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from attentionviz.core.heads import LayerHeads
from attentionviz.errors import UnsupportedModelError
from attentionviz.models.batches import Batch, TokenColumns

Array = np.ndarray[Any, Any]
MAX_SHOWN = 40


@dataclass(frozen=True)
class BadVector:
    """The first vector of a sequence, layer by layer, that is not finite or too large.

    Attributes
    ----------
    sequence_idx : int
        Index in its batch.
    token : str
        Position and text of the token: "token 5 ' foo'".
    layer, head : int
    kind : str
        "query", "key" or "value".
    largest : float
        Largest absolute number of the vector; NaN or infinity if not finite.
    """

    sequence_idx: int
    token: str
    layer: int
    head: int
    kind: str
    largest: float

    def location(self) -> str:
        """Return token, layer and head: "token 5 ' foo', layer 3, head 2"."""
        return f"{self.token}, layer {self.layer}, head {self.head}"


class NotFiniteError(UnsupportedModelError):
    """Some sequences of a batch give queries, keys or values that are NaN or infinite.

    Attributes
    ----------
    vectors : list of BadVector
        The first one of each such sequence.
    """

    def __init__(self, vectors: list[BadVector]) -> None:
        first = vectors[0]
        super().__init__(f"{first.location()}: its {first.kind} is not a finite number")
        self.vectors = vectors


def bad_vectors(
    batch: Batch, layers: list[LayerHeads], largest: dict[str, Array], limit: float = np.inf
) -> list[BadVector]:
    """Return the first vector of each sequence with a number that is not finite or too large.

    Parameters
    ----------
    batch : Batch
    layers : list of LayerHeads
    largest : dict of str to ndarray, shape (n_layers, n_heads or n_key_heads, n_tokens)
        Largest absolute number of every vector, by kind, of the layers that have heads.
    limit : float
        Largest allowed number.

    Returns
    -------
    list of BadVector
        In sequence order; of each sequence the vector of the lowest layer, token and head.
    """
    found, start = [], 0
    with_heads = [layer for layer, heads in enumerate(layers) if heads.n_heads]
    for sequence_idx, n_tokens in enumerate(batch.lengths):
        candidates = []
        for kind, values in largest.items():
            for at, own, position in _bad(values[:, :, start : start + n_tokens], limit):
                heads, size = layers[with_heads[at]], float(values[at, own, start + position])
                head = own * heads.n_heads // heads.n_key_heads if kind == "key" else own
                candidates.append((with_heads[at], position, head, kind, size))
        if candidates:
            layer, position, head, kind, size = min(candidates, key=lambda one: one[:3])
            token = _format_token(batch.tokens, start + position)
            found.append(BadVector(sequence_idx, token, layer, head, kind, size))
        start += n_tokens
    return found


def _bad(values: Array, limit: float) -> list[list[int]]:
    """Return layer, head and position of all bad values of the lowest layer that has any."""
    is_bad = ~(values < np.inf) | (values > limit)  # (layer, head, token); True also for NaN
    layers = np.flatnonzero(is_bad.any(axis=(1, 2)))
    if not len(layers):
        return []
    indices = np.argwhere(is_bad[layers[0]])
    return [[int(layers[0]), int(head), int(position)] for head, position in indices]


def _format_token(tokens: TokenColumns, token: int) -> str:
    number = f"token {tokens.position[token] + 1}"
    if tokens.token_type[token] == "patch":
        return f"{number} (patch in row {tokens.row[token]}, column {tokens.column[token]})"
    return f"{number} {tokens.text[token][:MAX_SHOWN]!r}"
