"""Numbers of heads, straight from the files of a dataset, with NumPy alone."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.pattern import attention_pattern
from attentionviz.core.rule import head_rule
from attentionviz.core.types import HeadId, MapName
from attentionviz.store.dataset import DatasetReader
from attentionviz.store.reader import open_dataset

Floats = NDArray[np.float64]


class Dataset:
    """One dataset, read for its numbers.

    Parameters
    ----------
    data_dir : Path
    dataset_id : str
    """

    def __init__(self, data_dir: Path, dataset_id: str) -> None:
        self.reader: DatasetReader = open_dataset(data_dir, dataset_id)
        self.n_tokens: int = self.reader.manifest["n_tokens"]
        self.sequences = self.reader.sequences()

    def heads(self) -> Iterator[HeadId]:
        """Yield every head."""
        for layer in range(self.reader.manifest["n_layers"]):
            for head in range(self.reader.manifest["n_heads"]):
                yield HeadId(layer, head)

    def best(self, score: Callable[[HeadId], float]) -> tuple[HeadId, float]:
        """Return the head with the largest score, and the score."""
        scores = {head: score(head) for head in self.heads()}
        head = max(scores, key=lambda one: scores[one])
        return head, scores[head]

    def patterns(self, head: HeadId) -> list[NDArray[np.float32]]:
        """Return the pattern of every sequence, each float32 (n, n), [query_pos, key_pos]."""
        queries = self.reader.array(self.reader.queries_path(head))
        keys = self.reader.array(self.reader.keys_path(head))
        rule = head_rule(self.reader.manifest, head)
        return [attention_pattern(queries[a:b], keys[a:b], rule) for a, b in self.spans()]

    def score(self, head: HeadId, name: str) -> float:
        """Return a score of a head as the build measured it."""
        return float(self.reader.head(head)["scores"][name]["value"])

    def spans(self) -> list[tuple[int, int]]:
        """Return first and end token of every sequence."""
        starts, lengths = self.sequences.start, self.sequences.length
        return [(int(a), int(a + n)) for a, n in zip(starts, lengths, strict=True)]

    def places(self, head: HeadId, name: str) -> tuple[Floats, Floats]:
        """Return where queries and keys are drawn, each float64 (n_tokens, dims)."""
        steps = self.reader.projection(MapName.parse(name), head).astype(np.float64)
        return steps[: self.n_tokens], steps[self.n_tokens :]

    def tokens(self) -> dict[str, Any]:
        """Return the columns of the tokens."""
        columns: dict[str, Any] = self.reader.tokens.document()
        return columns

    def norms(self, head: HeadId) -> Floats:
        """Return ‖q‖, ‖k‖, ‖v‖ and ‖v·W_O‖, float64 (n_tokens, 4)."""
        return self.reader.norms(head).astype(np.float64)
