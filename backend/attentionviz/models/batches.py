"""Batches: padded inputs and the columns of their tokens."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from attentionviz.core.types import TokenType


@dataclass(frozen=True)
class PatchGrid:
    """How an image model cuts a image into tokens: prefix tokens first, then rows of patches.

    Attributes
    ----------
    n_rows, n_columns : int
        Patches from top to bottom and from left to right.
    n_prefix_tokens : int
        Tokens before the first patch: class token, distillation token, registers.
    has_class_token : bool
        Whether the first of them is a class token.
    n_registers : int
        How many of them are registers.
    image_width_px, image_height_px : int
        Size of the image as the model sees it.
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
        """Tokens of one image."""
        return self.n_prefix_tokens + self.n_rows * self.n_columns


@dataclass
class TokenColumns:
    """Columns of equal length over the tokens of a batch; those of patches are empty for text.

    Attributes
    ----------
    text : list of str
        As it is shown, leading space kept; empty for a patch. A token that holds some bytes of a
        character says which: ``你 1⁄3`` (see `core.characters`).
    token_id : list of int
        Index in the vocabulary; -1 where there is none.
    token_type : list of TokenType
    position : list of int
        Index inside its own sequence, from 0.
    surface : list of str or None
        What stands in the text for a token that only says "unknown", else None; empty for patches.
    row, column : list of int or None
        Place of a patch; None for a prefix token.
    hue, brightness : list of float or None
        Of the mean colour of the patch, 0…1 (HSV); None for a prefix token.
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
    """Some sequences, ready for the model.

    Attributes
    ----------
    inputs : dict of str to Tensor
        Arguments of the model's forward pass, on the CPU, padded on the right.
    lengths : list of int
        Tokens of each sequence, special and prefix tokens included.
    truncated : list of int
        Tokens cut from each sequence because it was longer than allowed.
    tokens : TokenColumns
        Columns over all tokens, padding removed.
    sprites : ndarray of uint8, shape (n_tokens, 8, 8, 3), or None
        Pixels of each patch, RGB; zeros for prefix tokens; None for text.
    """

    inputs: dict[str, torch.Tensor]
    lengths: list[int]
    truncated: list[int]
    tokens: TokenColumns
    sprites: np.ndarray[Any, Any] | None = None

    @property
    def n_tokens(self) -> int:
        """Tokens of all sequences, padding not counted."""
        return sum(self.lengths)
