"""Columns of all captured tokens and sequences."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attentionviz.core.types import WITH_IMAGES, Modality
from attentionviz.store.layout import PATCH_COLUMNS
from attentionviz.store.token_files import VOCABULARY_COLUMNS, CodedColumn, CodedCorpus

if TYPE_CHECKING:
    from attentionviz.models import Batch


class TokenTable:
    """Columns over the tokens of all captured sequences.

    Parameters
    ----------
    modality : str
        Of the model: whether tokens are patches, with row, column and colour, or words.
    """

    def __init__(self, modality: Modality) -> None:
        names = PATCH_COLUMNS if modality in WITH_IMAGES else ()
        self._tokens = CodedColumn()
        self._patches: dict[str, list[Any]] = {name: [] for name in names}
        self.lengths: list[int] = []
        self.n_source: list[int] = []
        self.n_cut = 0
        self.n_tokens_cut = 0

    @property
    def n_tokens(self) -> int:
        """Tokens of all sequences so far."""
        return len(self._tokens)

    def written(self) -> list[str | None]:
        """Return the written form of every token; None for special tokens."""
        rows = self._tokens.values
        written = [None if kind == "special" else text for text, _, kind, _ in rows]
        return [written[code] for code in self._tokens.codes]

    def add(self, batch: "Batch") -> None:
        """Append the tokens of a batch."""
        tokens = batch.tokens
        columns = [getattr(tokens, name) for name in VOCABULARY_COLUMNS]
        surface = tokens.surface or [None] * len(tokens.text)
        self._tokens.extend(zip(*columns[:-1], surface, strict=True))
        for name, values in self._patches.items():
            values.extend(getattr(tokens, name))
        self.lengths.extend(batch.lengths)
        self.n_source.extend(batch.n_source or ())
        self.n_cut += sum(1 for n in batch.truncated if n)
        self.n_tokens_cut += sum(batch.truncated)

    def corpus(
        self,
        texts: Sequence[str],
        columns: Sequence[Sequence[Any]],
        target_texts: Sequence[str] | None = None,
        pairs: Mapping[str, Sequence[Any]] | None = None,
    ) -> CodedCorpus:
        """Return tokens and sequences.

        Parameters
        ----------
        texts : sequence of str
            Text, or file name of the image, of every sequence.
        columns : sequence of sequence
            Other columns of the corpus, over the same sequences.
        target_texts : sequence of str or None
            Of a model with encoder and decoder.
        pairs : mapping or None
            Labelled pairs: ``first``, ``second`` and ``name``.
        """
        of_sequence = {"text": texts}
        if target_texts is not None:
            of_sequence["target_text"] = target_texts
        n_source = None if target_texts is None else self.n_source
        return CodedCorpus(
            self._tokens, self._patches, self.lengths, of_sequence, columns, n_source, pairs
        )
