"""One interface for sentences and images: batches, names and columns of the sequences."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, repeat
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

import numpy as np

from attentionviz.errors import CorpusError, InvalidRequestError
from attentionviz.pipeline.columns import TokenTable
from attentionviz.pipeline.corpora.account import Account
from attentionviz.pipeline.corpora.image_texts import FORMS
from attentionviz.pipeline.corpus import (
    Corpus,
    ImageCorpus,
    ImageTextCorpus,
    TextCorpus,
    open_image,
)
from attentionviz.pipeline.token_pairs import TokenPairs, token_pairs

if TYPE_CHECKING:
    from attentionviz.models import Batch, LoadedModel

T = TypeVar("T")
WITHOUT_TOKENS = "without tokens for this model"
SAMPLE_SEQUENCES = 8
SAMPLE_LETTERS = 50
SAMPLE_TOKENS = 2048
"""Padded tokens of a sample; longer sequences are cut, so that it has at least two."""
SAMPLE_BYTES = 256 * 2**20
"""Memory limit of the model's own attention weights of one layer during the attention check."""


class Sample(NamedTuple):
    """A batch of a few sequences, and their indices in the corpus."""

    batch: "Batch"
    sequences: list[int]


class Source(Protocol):
    """A corpus together with the model that reads it."""

    @property
    def model(self) -> "LoadedModel":
        """Return the model."""

    @property
    def corpus(self) -> Corpus:
        """Return the whole corpus."""

    def lengths(self) -> Iterator[tuple[int, int]]:
        """Yield for every sequence its number of tokens, which may be 0, and the number cut off."""

    def batches(self, n_sequences: int) -> Iterator["Batch"]:
        """Yield the first sequences, in order."""

    def sample(self, lengths: Sequence[int], seed: int) -> Sample:
        """Return a few of the first ``len(lengths)`` sequences, for the attention check."""

    def texts(self, n_sequences: int) -> list[str]:
        """Return the text, or file name, of the first sequences."""


@dataclass(frozen=True)
class TextSource:
    """Sentences."""

    model: "LoadedModel"
    corpus: TextCorpus

    def lengths(self) -> Iterator[tuple[int, int]]:
        """Yield for every sentence its number of tokens and the number cut off."""
        return self.model.text_lengths(self.corpus.sequences)

    def batches(self, n_sequences: int) -> Iterator["Batch"]:
        """Yield the first sentences, in order."""
        return self.model.text_batches(self.corpus.sequences[:n_sequences])

    def sample(self, lengths: Sequence[int], seed: int) -> Sample:
        """Return a few sentences, cut so that their attention fits `SAMPLE_BYTES`."""
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
        """Yield the number of tokens of every image, the same for all, and 0."""
        grid = self.model.patch_grid
        return repeat((grid.n_tokens if grid else 0, 0), len(self.corpus.paths))

    def batches(self, n_sequences: int) -> Iterator["Batch"]:
        """Yield the first images, in order; each file is opened when its batch is prepared."""
        images = (open_image(path) for path in self.corpus.paths[:n_sequences])
        return self.model.image_batches(images)

    def sample(self, lengths: Sequence[int], seed: int) -> Sample:
        """Return a few images, as many as fit `SAMPLE_BYTES`."""
        chosen = choose_sample(len(lengths), max(1, _n_sampled(self.model, lengths[0])), seed)
        images = [open_image(self.corpus.paths[i]) for i in chosen]
        return Sample(self.model.prepare_images(images), chosen)

    def texts(self, n_sequences: int) -> list[str]:
        """Return the file names of the first images."""
        return self.corpus.names[:n_sequences]


@dataclass(frozen=True)
class ImageTextSource:
    """Images with a text each."""

    model: "LoadedModel"
    corpus: ImageTextCorpus

    def lengths(self) -> Iterator[tuple[int, int]]:
        """Yield the number of tokens of every image with its text, and 0, since none is cut.

        Raises
        ------
        CorpusError
            If a text cannot be read by the model; names where it is.
        """
        found = self.model.image_text_lengths(self.corpus.sequences)
        for location in self.corpus.locations:
            try:
                yield next(found), 0
            except CorpusError as error:
                raise CorpusError(f"{location}: {error}") from error

    def batches(self, n_sequences: int) -> Iterator["Batch"]:
        """Yield the first images with their texts, in order."""
        return self.model.image_text_batches(self._pairs(range(n_sequences)))

    def sample(self, lengths: Sequence[int], seed: int) -> Sample:
        """Return a few images with texts that are equally long, as many as fit `SAMPLE_BYTES`."""
        first = choose_sample(len(lengths), 1, seed)[0]
        alike = [i for i, n in enumerate(lengths) if n == lengths[first]]
        wanted = max(1, _n_sampled(self.model, lengths[first]))
        chosen = [alike[i] for i in choose_sample(len(alike), wanted, seed)]
        return Sample(self.model.prepare_image_texts(list(self._pairs(chosen))), chosen)

    def texts(self, n_sequences: int) -> list[str]:
        """Return the texts of the first images."""
        return self.corpus.sequences[:n_sequences]

    def _pairs(self, chosen: Iterable[int]) -> Iterator[tuple[Any, str]]:
        return ((open_image(self.corpus.paths[i]), self.corpus.sequences[i]) for i in chosen)


def source_of(model: "LoadedModel", corpus: Corpus) -> Source:
    """Return the source; InvalidRequestError if the model is for another modality."""
    if isinstance(corpus, ImageTextCorpus) and model.modality == "image-text":
        return ImageTextSource(model, corpus)
    if isinstance(corpus, ImageCorpus) and model.modality == "image":
        return ImageSource(model, corpus)
    if isinstance(corpus, TextCorpus) and model.modality == "text":
        return TextSource(model, corpus)
    wanted = {
        "text": "text: give --text FILE",
        "image": "images: give --images FOLDER",
        "image-text": f"images with texts: {FORMS}",
    }
    raise InvalidRequestError(f"{model.description['name']} reads {wanted[model.modality]}")


def separate_letters(model: "LoadedModel", corpus: TextCorpus) -> TextCorpus:
    """Return sequences of letters with spaces between them if the tokenizer needs them.

    A tokenizer of words reads an unbroken protein as one unknown word.

    Parameters
    ----------
    model : LoadedModel
        Of text.
    corpus : TextCorpus
        Returned unchanged unless it is of letters.
    """
    if not corpus.is_letters:
        return corpus
    sample = [text[:SAMPLE_LETTERS] for text in corpus.sequences[:SAMPLE_SEQUENCES]]
    if _n_unknown(model, sample) <= _n_unknown(model, [" ".join(text) for text in sample]):
        return corpus
    note = "letters separated by spaces, since the tokenizer reads words"
    account = replace(corpus.account, notes=(*corpus.account.notes, note))
    return replace(corpus, sequences=[" ".join(text) for text in corpus.sequences], account=account)


def _n_unknown(model: "LoadedModel", texts: list[str]) -> int:
    return sum(word is not None for word in model.prepare_texts(texts).tokens.surface)


def select_sequences(source: Source, kept: Sequence[int]) -> Source:
    """Return a source with only the sequences of these indices."""

    def chosen(values: Sequence[T]) -> list[T]:
        return [values[i] for i in kept]

    corpus = source.corpus
    columns = {name: chosen(values) for name, values in corpus.columns.items()}
    if isinstance(corpus, ImageCorpus):
        paths, names = chosen(corpus.paths), chosen(corpus.names)
        images = replace(corpus, paths=paths, names=names, columns=columns)
        return ImageSource(source.model, images)
    if isinstance(corpus, ImageTextCorpus):
        both = replace(
            corpus,
            paths=chosen(corpus.paths),
            sequences=chosen(corpus.sequences),
            locations=chosen(corpus.locations),
            is_cut=chosen(corpus.is_cut),
            columns=columns,
        )
        return ImageTextSource(source.model, both)
    texts = replace(
        corpus,
        sequences=chosen(corpus.sequences),
        locations=chosen(corpus.locations),
        is_cut=chosen(corpus.is_cut),
        columns=columns,
        pairs=corpus.pairs and replace(corpus.pairs, of_sequence=chosen(corpus.pairs.of_sequence)),
    )
    return TextSource(source.model, texts)


def n_available(corpus: Corpus) -> int:
    """Return the number of sequences of a corpus."""
    return len(corpus.locations)


class Taken(NamedTuple):
    """The sequences that fit the token limit.

    Attributes
    ----------
    sequences : list of int
        Indices in the corpus, ascending.
    lengths : list of int
        Number of tokens of each.
    account : Account
        Of the corpus, including sequences without tokens, beyond the limit, and cut.
    """

    sequences: list[int]
    lengths: list[int]
    account: Account


def take_sequences(source: Source, max_tokens: int | None) -> Taken:
    """Return the first sequences that fit the token limit; sequences without tokens are left out.

    Parameters
    ----------
    source : Source
    max_tokens : int or None
        Maximum number of tokens in total; None for no limit.

    Raises
    ------
    CorpusError
        If no sequence has tokens, or the first one exceeds the limit.
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
            f"--max-tokens {max_tokens}; allow more"
        )
    account = corpus.account.leave_out(WITHOUT_TOKENS, (corpus.locations[i] for i in empty))
    beyond = islice(corpus.locations, len(sequences) + len(empty), None)
    account = account.leave_out("beyond --max-tokens", beyond)
    return Taken(sequences, lengths, replace(account, n_cut=n_cut))


def token_pairs_of(source: Source, table: TokenTable) -> TokenPairs | None:
    """Return the labelled pairs of the tokens of the table; None for a corpus without pairs."""
    corpus = source.corpus
    if not isinstance(corpus, TextCorpus) or corpus.pairs is None:
        return None
    return token_pairs(
        corpus.pairs, source.texts(len(table.lengths)), table.lengths, table.written()
    )


def tokens_document(source: Source, table: TokenTable) -> dict[str, Any]:
    """Return the content of ``tokens.json`` for the sequences of the table, without pairs."""
    n = len(table.lengths)
    columns = {name: list(values[:n]) for name, values in source.corpus.columns.items()}
    return table.document(source.texts(n), columns)


def choose_sample(n: int, n_wanted: int, seed: int) -> list[int]:
    """Return `n_wanted` random indices in 0..n-1, or all of them if fewer, ascending."""
    chosen = np.random.default_rng(seed).choice(n, min(n, n_wanted), replace=False)
    return [int(i) for i in np.sort(chosen)]


def _n_sampled(model: "LoadedModel", n_tokens: int) -> int:
    """Return how many sequences of this length fit a sample."""
    n_bytes = 4 * model.n_heads * n_tokens**2
    return min(SAMPLE_SEQUENCES, SAMPLE_TOKENS // n_tokens, SAMPLE_BYTES // n_bytes)


def _cut_to_share(text: str, share: float) -> str:
    return text if share >= 1 else text[: max(1, int(len(text) * share))]
