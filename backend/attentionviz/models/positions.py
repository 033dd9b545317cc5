"""Detection of the number of positions in a model's tables, from a run of the model."""

from collections.abc import Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode


class TooFewPositionsError(Exception):
    """A model has no position for the last tokens of a batch.

    Parameters
    ----------
    max_length : int
        How many tokens it has positions for.
    """

    def __init__(self, max_length: int) -> None:
        super().__init__(f"the model has positions for {max_length} tokens")
        self.max_length = max_length


class PositionTables(TorchFunctionMode):
    """Watches every table that a model looks up with the positions of its tokens, one by one.

    ``max_position_embeddings`` of a configuration may be missing, or count rows that are not used:
    RoBERTa's first position is the row after that of its padding token.

    Raises `TooFewPositionsError` before a row is looked up that is not there: on a GPU, no error
    could be caught any more.

    Parameters
    ----------
    lengths : sequence of int
        Tokens of each sequence of the batch that is run, padded on the right.

    Attributes
    ----------
    max_length : int or None
        Most tokens that all tables have a row for; None where there is no such table.
    """

    def __init__(self, lengths: Sequence[int]) -> None:
        super().__init__()
        self.max_length: int | None = None
        self._n_padded = max(lengths)
        self._longest = list(lengths).index(self._n_padded)
        self._n_sequences = len(lengths)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.nn.functional.embedding:
            self._look_at(*args[:2])
        return func(*args, **(kwargs or {}))

    def _look_at(self, rows: torch.Tensor, table: torch.Tensor) -> None:
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
