"""Batches: padded model inputs, and the columns of their tokens."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from attentionviz.core.rule import ScoreRule, Spans
from attentionviz.core.types import TokenType

TARGET = "decoder_"
"""Prefix of the inputs of target texts."""

WITHOUT_TOKENS = ("pixel_values", "input_features")
"""Inputs whose second axis is not that of tokens, and which are not padded."""


@dataclass(frozen=True)
class PatchGrid:
    """How an image model divides an image into tokens: prefix tokens, then rows of patches.

    Attributes
    ----------
    n_rows, n_columns : int
        Patches from top to bottom and from left to right.
    n_prefix_tokens : int
        Tokens before the first patch: class token, distillation token, registers.
    has_class_token : bool
        Whether the first prefix token is a class token.
    n_registers : int
        Number of register tokens.
    image_width_px, image_height_px : int
        Size of the model's input image.
    """

    n_rows: int
    n_columns: int
    n_prefix_tokens: int
    has_class_token: bool
    n_registers: int
    image_width_px: int
    image_height_px: int

    @property
    def n_tokens(self) -> int:
        """Number of tokens of one image."""
        return self.n_prefix_tokens + self.n_rows * self.n_columns


@dataclass
class TokenColumns:
    """Columns of equal length over the tokens of a batch; patch columns are empty for text.

    Attributes
    ----------
    text : list of str
        Display text with leading space; empty for a patch. A token of some bytes of a character
        is written ``你 1⁄3`` (see `core.characters`).
    token_id : list of int
        Index in the vocabulary; -1 for images.
    token_type : list of TokenType
    position : list of int
        Index in its sequence, from 0; in its text, if a sequence is a source and a target text.
    surface : list of str or None
        Word of the text for an unknown token, else None; empty for patches.
    row, column : list of int or None
        Position of a patch in the grid; None for a prefix token.
    hue, brightness : list of float or None
        Of the mean colour of the patch, 0…1 (HSV); None for a prefix token, hue also for a grey.
    """

    text: list[str] = field(default_factory=list)
    token_id: list[int] = field(default_factory=list)
    token_type: list[TokenType] = field(default_factory=list)
    position: list[int] = field(default_factory=list)
    surface: list[str | None] = field(default_factory=list)
    row: list[int | None] = field(default_factory=list)
    column: list[int | None] = field(default_factory=list)
    hue: list[float | None] = field(default_factory=list)
    brightness: list[float | None] = field(default_factory=list)


@dataclass(frozen=True)
class Batch:
    """Sequences prepared as input of a model.

    Attributes
    ----------
    inputs : dict of str to Tensor
        Arguments of the model's forward pass, on the CPU, padded on the right.
    lengths : list of int
        Number of tokens of each sequence, including special and prefix tokens.
    truncated : list of int
        Number of tokens cut from each sequence because it exceeded the maximum length.
    tokens : TokenColumns
        Columns over all tokens, padding removed.
    sprites : ndarray of uint8, shape (n_tokens, 8, 8, 3), or None
        Pixels of each patch, RGB; zeros for prefix tokens; None for text.
    n_source : list of int or None
        Number of source tokens of each sequence, which come first; None unless the model has an
        encoder and a decoder.
    """

    inputs: dict[str, torch.Tensor]
    lengths: list[int]
    truncated: list[int]
    tokens: TokenColumns
    sprites: np.ndarray[Any, Any] | None = None
    n_source: list[int] | None = None

    @property
    def n_tokens(self) -> int:
        """Number of tokens of all sequences, without padding."""
        return sum(self.lengths)

    def spans(self, rule: ScoreRule) -> Spans:
        """Return the tokens of each sequence with a query, and with a key, in a layer."""
        return spans_of(rule, self.lengths, self.n_source)

    def cut(self, rows: list[int], most: int | None = None) -> "Batch":
        """Return some of the sequences.

        Parameters
        ----------
        rows : list of int
        most : int or None
            Each of their texts is cut to so many tokens, without padding that none of them needs;
            columns of tokens are not cut. None for inputs as they are.
        """
        source = [
            self.lengths[row] if self.n_source is None else self.n_source[row] for row in rows
        ]
        target = [self.lengths[row] - n for row, n in zip(rows, source, strict=True)]
        target = [min(n, most or n) for n in target]
        if not any(name in self.inputs for name in WITHOUT_TOKENS):
            source = [min(n, most or n) for n in source]
        inputs = {}
        for name, tensor in self.inputs.items():
            width = max(target if name.startswith(TARGET) else source)
            chosen = tensor.unflatten(0, (len(self.lengths), -1))[rows].flatten(0, 1)
            has_tokens = most is not None and name not in WITHOUT_TOKENS
            inputs[name] = chosen[:, :width] if has_tokens else chosen
        return replace(
            self,
            inputs=inputs,
            lengths=[n + m for n, m in zip(source, target, strict=True)],
            n_source=None if self.n_source is None else source,
        )


def spans_of(rule: ScoreRule, lengths: list[int], n_source: list[int] | None) -> Spans:
    """Return the tokens of sequences with a query, and with a key, in a layer."""
    length = np.array(lengths)
    source = None if n_source is None else np.array(n_source)
    return rule.spans(np.cumsum(length) - length, length, source)
