"""The columns of ``tokens.json``, collected batch by batch."""

from typing import TYPE_CHECKING, Any

from attentionviz.core.types import WITH_IMAGES, WITH_WORDS, Modality
from attentionviz.store.columns import PATCH_COLUMNS, SURFACE

if TYPE_CHECKING:
    from attentionviz.models import Batch

TEXT_COLUMNS = ("text", "token_id", "token_type", "position")


class TokenTable:
    """Columns over the tokens of all captured sequences.

    Parameters
    ----------
    modality : str
        Of the model: whether tokens are patches, with row, column and colour, or words.
    """

    def __init__(self, modality: Modality) -> None:
        names = TEXT_COLUMNS + (PATCH_COLUMNS if modality in WITH_IMAGES else ())
        names += (SURFACE,) if modality in WITH_WORDS else ()
        self._columns: dict[str, list[Any]] = {name: [] for name in names}
        self.lengths: list[int] = []
        self.n_source: list[int] = []
        self.n_cut = 0
        self.n_tokens_cut = 0

    @property
    def n_tokens(self) -> int:
        """Tokens of all sequences so far."""
        return len(self._columns["text"])

    def written(self) -> list[str | None]:
        """Return the written form of every token; None for special tokens."""
        columns = (self._columns["text"], self._columns["token_type"])
        return [None if kind == "special" else text for text, kind in zip(*columns, strict=True)]

    def add(self, batch: "Batch") -> None:
        """Append the tokens of a batch."""
        for name, values in self._columns.items():
            values.extend(getattr(batch.tokens, name))
        self.lengths.extend(batch.lengths)
        self.n_source.extend(batch.n_source or ())
        self.n_cut += sum(1 for n in batch.truncated if n)
        self.n_tokens_cut += sum(batch.truncated)

    def document(
        self,
        texts: list[str],
        columns: dict[str, list[Any]],
        target_texts: list[str] | None = None,
    ) -> dict[str, Any]:
        """Return the content of ``tokens.json``.

        Parameters
        ----------
        texts : list of str
            Text, or file name of the image, of every sequence.
        columns : dict of str to list
            Other columns of the corpus, over the same sequences.
        target_texts : list of str or None
            Of a model with encoder and decoder.
        """
        starts, total = [], 0
        for length in self.lengths:
            starts.append(total)
            total += length
        sequence = [i for i, n in enumerate(self.lengths) for _ in range(n)]
        sequences = {"start": starts, "length": self.lengths, "text": texts, "columns": columns}
        if target_texts is not None:
            sequences |= {"n_source": self.n_source, "target_text": target_texts}
        tokens = {name: values for name, values in self._columns.items() if name != SURFACE}
        surface = self._columns.get(SURFACE, [])
        if any(surface):
            tokens[SURFACE] = surface
        return {**tokens, "sequence": sequence, "sequences": sequences}
