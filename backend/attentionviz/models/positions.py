"""Detection of the number of position embeddings of a model, from a forward pass."""

from collections.abc import Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode


class TooFewPositionsError(Exception):
    """A model has fewer position embeddings than a batch has tokens.

    Parameters
    ----------
    max_length : int
        Number of tokens with a position embedding.
    """

    def __init__(self, max_length: int) -> None:
        super().__init__(f"the model has positions for {max_length} tokens")
        self.max_length = max_length


class PositionTables(TorchFunctionMode):
    """Observes embedding tables that are indexed with consecutive positions.

    ``max_position_embeddings`` of a configuration may be missing, or count unused rows: RoBERTa's
    first position is the row after that of its padding token.

    Raises `TooFewPositionsError` before a missing row is read, since an index error on a GPU cannot
    be caught.

    Parameters
    ----------
    lengths : sequence of int
        Number of tokens of each sequence of the batch, padded on the right.

    Attributes
    ----------
    max_length : int or None
        Maximum number of tokens for which all tables have rows; None without such a table.
    """

    def __init__(self, lengths: Sequence[int]) -> None:
        super().__init__()
        self.max_length: int | None = None
        self._n_padded = max(lengths)
        self._longest = list(lengths).index(self._n_padded)
        self._n_sequences = len(lengths)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.nn.functional.embedding:
            self._check_lookup(*args[:2])
        return func(*args, **(kwargs or {}))

    def _check_lookup(self, rows: torch.Tensor, table: torch.Tensor) -> None:
        n = self._n_padded
        if n < 2 or rows.shape[-1] != n or rows.numel() not in (n, n * self._n_sequences):
            return
        of_each = rows.reshape(-1, n).cpu()
        positions = of_each[self._longest if len(of_each) > 1 else 0]
        first = int(positions[0])
        if torch.equal(positions, torch.arange(first, first + n, dtype=positions.dtype)):
            self.max_length = min(len(table) - first, self.max_length or len(table))
            if self.max_length < n:
                raise TooFewPositionsError(self.max_length)
