"""One interface for sentences and images: batches, names and columns of the sequences."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, repeat
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

import numpy as np

from attentionviz.errors import CorpusError, InvalidRequestError
from attentionviz.pipeline.columns import TokenTable
from attentionviz.pipeline.corpora.account import Account
from attentionviz.pipeline.corpus import ImageCorpus, TextCorpus, open_image

if TYPE_CHECKING:
    from attentionviz.models import Batch, LoadedModel

T = TypeVar("T")
WITHOUT_TOKENS = "without tokens for this model"
SAMPLE_SEQUENCES = 8
SAMPLE_TOKENS = 2048
"""Padded tokens of a sample; a longer sequence is cut, so that two are there."""
SAMPLE_BYTES = 256 * 2**20
"""What the model's own attention of one layer may take when a sample is checked."""


class Sample(NamedTuple):
    """A batch of a few sequences, and which of the corpus they are."""

    batch: "Batch"
    sequences: list[int]


class Source(Protocol):
    """A corpus as a model reads it."""

    @property
    def model(self) -> "LoadedModel":
        """Return the model."""

    @property
    def corpus(self) -> TextCorpus | ImageCorpus:
        """Return the whole corpus."""

    def lengths(self) -> Iterator[tuple[int, int]]:
        """Yield the tokens of every sequence: how many it has, if any, and how many are cut."""

    def batches(self, n_sequences: int) -> Iterator["Batch"]:
        """Yield the first sequences, in order."""

    def sample(self, lengths: Sequence[int], seed: int) -> Sample:
        """Return a few of the first ``len(lengths)`` sequences, for the check of attention."""

    def texts(self, n_sequences: int) -> list[str]:
        """Return the text, or file name, of the first sequences."""


@dataclass(frozen=True)
class TextSource:
    """Sentences."""

    model: "LoadedModel"
    corpus: TextCorpus

    def lengths(self) -> Iterator[tuple[int, int]]:
        """Yield the tokens of every sentence, had and cut; they are tokenised for it."""
        return self.model.text_lengths(self.corpus.sequences)

    def batches(self, n_sequences: int) -> Iterator["Batch"]:
        """Yield the first sentences, in order."""
        return self.model.text_batches(self.corpus.sequences[:n_sequences])

    def sample(self, lengths: Sequence[int], seed: int) -> Sample:
        """Return a few sentences, each cut where its attention would not fit into memory."""
        affordable = int((SAMPLE_BYTES / (2 * 4 * self.model.n_heads)) ** 0.5)  # for two of them
        longest = max(8, min(max(lengths), affordable, SAMPLE_TOKENS // 2))
        chosen = choose_sample(len(lengths), max(2, _n_sampled(self.model, longest)), seed)
        texts = [_cut_to_share(self.corpus.sequences[i], longest / lengths[i]) for i in chosen]
        return Sample(self.model.prepare_texts(texts), chosen)

    def texts(self, n_sequences: int) -> list[str]:
        """Return the first sentences."""
        return self.corpus.sequences[:n_sequences]


@dataclass(frozen=True)
class ImageSource:
    """Images."""

    model: "LoadedModel"
    corpus: ImageCorpus

    def lengths(self) -> Iterator[tuple[int, int]]:
        """Yield the tokens of every image; all have as many, so none is opened."""
        grid = self.model.patch_grid
        return repeat((grid.n_tokens if grid else 0, 0), len(self.corpus.paths))

    def batches(self, n_sequences: int) -> Iterator["Batch"]:
        """Yield the first images, in order; each file is opened when its turn comes."""
        images = (open_image(path) for path in self.corpus.paths[:n_sequences])
        return self.model.image_batches(images)

    def sample(self, lengths: Sequence[int], seed: int) -> Sample:
        """Return a few images, as many as have room for their attention."""
        chosen = choose_sample(len(lengths), max(1, _n_sampled(self.model, lengths[0])), seed)
        images = [open_image(self.corpus.paths[i]) for i in chosen]
        return Sample(self.model.prepare_images(images), chosen)

    def texts(self, n_sequences: int) -> list[str]:
        """Return the file names of the first images."""
        return self.corpus.names[:n_sequences]


def source_of(model: "LoadedModel", corpus: TextCorpus | ImageCorpus) -> Source:
    """Return the source; InvalidRequestError when the model reads the other kind of corpus."""
    is_image = isinstance(corpus, ImageCorpus)
    if is_image != (model.modality == "image"):
        wanted = "images: give --images FOLDER" if not is_image else "text: give --text FILE"
        raise InvalidRequestError(f"{model.description['name']} reads {wanted}")
    if isinstance(corpus, ImageCorpus):
        return ImageSource(model, corpus)
    return TextSource(model, corpus)


def only(source: Source, kept: Sequence[int]) -> Source:
    """Return a source of some of the sequences."""

    def chosen(values: Sequence[T]) -> list[T]:
        return [values[i] for i in kept]

    corpus = source.corpus
    columns = {name: chosen(values) for name, values in corpus.columns.items()}
    if isinstance(corpus, ImageCorpus):
        paths, names = chosen(corpus.paths), chosen(corpus.names)
        images = replace(corpus, paths=paths, names=names, columns=columns)
        return ImageSource(source.model, images)
    texts = replace(
        corpus,
        sequences=chosen(corpus.sequences),
        places=chosen(corpus.places),
        is_cut=chosen(corpus.is_cut),
        columns=columns,
    )
    return TextSource(source.model, texts)


def n_available(corpus: TextCorpus | ImageCorpus) -> int:
    """Return the number of sequences of a corpus."""
    return len(corpus.paths if isinstance(corpus, ImageCorpus) else corpus.sequences)


class Taken(NamedTuple):
    """The sequences that fit a budget.

    Attributes
    ----------
    sequences : list of int
        Which of the corpus they are, ascending.
    lengths : list of int
        Tokens of each.
    account : Account
        Of the corpus, with those that have no tokens, do not fit or are cut.
    """

    sequences: list[int]
    lengths: list[int]
    account: Account


def take_sequences(source: Source, max_tokens: int | None) -> Taken:
    """Return the sequences that fit the budget, whole ones in order; those without tokens are not.

    Parameters
    ----------
    source : Source
    max_tokens : int or None
        None: all of them.

    Raises
    ------
    CorpusError
        If none has tokens, or not even the first one that has fits.
    """
    corpus = source.corpus
    sequences: list[int] = []
    lengths: list[int] = []
    empty: list[int] = []
    total = n_cut = 0
    for i, ((length, n_tokens_cut), is_cut) in enumerate(
        zip(source.lengths(), corpus.is_cut, strict=True)
    ):
        total += length
        if max_tokens is not None and total > max_tokens:
            break
        if length == 0:
            empty.append(i)
            continue
        sequences.append(i)
        lengths.append(length)
        n_cut += is_cut or n_tokens_cut > 0
    if not lengths and total == 0:
        raise CorpusError(f"no sequence of {corpus.name} has a token for this model")
    if not lengths:
        raise CorpusError(
            f"the first sequence of {corpus.name} has {total} tokens, more than "
            f"--max-tokens {max_tokens}"
        )
    account = corpus.account.leave_out(WITHOUT_TOKENS, (corpus.places[i] for i in empty))
    beyond = islice(corpus.places, len(sequences) + len(empty), None)
    account = account.leave_out("beyond --max-tokens", beyond)
    return Taken(sequences, lengths, replace(account, n_cut=n_cut))


def tokens_document(source: Source, table: TokenTable) -> dict[str, Any]:
    """Return the content of ``tokens.json`` for the sequences that the table holds."""
    n = len(table.lengths)
    columns = {name: list(values[:n]) for name, values in source.corpus.columns.items()}
    return table.document(source.texts(n), columns)


def choose_sample(n: int, n_wanted: int, seed: int) -> list[int]:
    """Return a few indices out of 0..n-1, seeded, ascending."""
    chosen = np.random.default_rng(seed).choice(n, min(n, n_wanted), replace=False)
    return [int(i) for i in np.sort(chosen)]


def _n_sampled(model: "LoadedModel", n_tokens: int) -> int:
    """Return for how many sequences of this length a sample has room."""
    n_bytes = 4 * model.n_heads * n_tokens**2
    return min(SAMPLE_SEQUENCES, SAMPLE_TOKENS // n_tokens, SAMPLE_BYTES // n_bytes)


def _cut_to_share(text: str, share: float) -> str:
    return text if share >= 1 else text[: max(1, int(len(text) * share))]
