"""One interface for sentences and images: batches, names and columns of the sequences."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, repeat
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

import numpy as np

from attentionviz.errors import CorpusError, InvalidRequestError
from attentionviz.pipeline.columns import TokenTable
from attentionviz.pipeline.corpora.account import Account
from attentionviz.pipeline.corpora.audio import open_recording
from attentionviz.pipeline.corpora.image_texts import FORMS
from attentionviz.pipeline.corpus import (
    Corpus,
    ImageCorpus,
    ImageTextCorpus,
    TextCorpus,
    open_image,
)
from attentionviz.pipeline.token_pairs import TokenPairs, token_pairs
from attentionviz.store.token_files import CodedCorpus

if TYPE_CHECKING:
    from attentionviz.models import Batch, LoadedModel, Target

T = TypeVar("T")
Cuttable = TypeVar("Cuttable", str, list[int], "Target")
MAX_TARGET = 128
"""Tokens of a target text that a model generates, by default."""

GENERATED_AT_ONCE = 32
AUDIO = "audio: give --audio FOLDER"
WITHOUT_TOKENS = "without tokens for this model"
SAMPLE_SEQUENCES = 8
SAMPLE_LETTERS = 50
SAMPLE_TOKENS = 2048
"""Padded tokens of a sample; longer sequences are cut, so that it has at least two."""
SAMPLE_BYTES = 256 * 2**20
"""Memory limit of the model's own attention weights of one layer during the attention check."""


class SequenceLength(NamedTuple):
    """Number of tokens of a sequence, of those cut off it, and of those of its source text."""

    n_tokens: int
    n_cut: int
    n_source: int | None = None


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

    def lengths(self) -> Iterator[SequenceLength]:
        """Yield the length of every sequence, which may be 0."""

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

    def lengths(self) -> Iterator[SequenceLength]:
        """Yield the length of every sentence."""
        return (SequenceLength(*n) for n in self.model.text_lengths(self.corpus.sequences))

    def batches(self, n_sequences: int) -> Iterator["Batch"]:
        """Yield the first sentences, in order."""
        return self.model.text_batches(self.corpus.sequences[:n_sequences])

    def sample(self, lengths: Sequence[int], seed: int) -> Sample:
        """Return a few sentences, cut so that their attention fits `SAMPLE_BYTES`."""
        longest = _longest_of_sample(self.model, lengths)
        chosen = choose_sample(len(lengths), max(2, _n_sampled(self.model, longest)), seed)
        texts = [_cut_to_share(self.corpus.sequences[i], longest / lengths[i]) for i in chosen]
        return Sample(self.model.prepare_texts(texts), chosen)

    def texts(self, n_sequences: int) -> list[str]:
        """Return the first sentences."""
        return self.corpus.sequences[:n_sequences]


@dataclass(frozen=True)
class TwoTextSource:
    """Source texts, and target texts of the corpus or as the model generates them.

    Attributes
    ----------
    model : LoadedModel
    corpus : TextCorpus
    max_target : int
        Tokens of a generated target.
    generated : list of list of int
        What the decoder reads, of the first texts so far: generated once, when it is needed.
    """

    model: "LoadedModel"
    corpus: TextCorpus
    max_target: int
    generated: list[list[int]] = field(default_factory=list)

    def inputs(self, start: int, end: int) -> Sequence[Any]:
        """Return source texts, or the samples of recordings."""
        rate = self.model.sampling_rate
        if self.corpus.recordings is None or rate is None:
            return self.corpus.sequences[start:end]
        return [open_recording(path, rate) for path in self.corpus.recordings[start:end]]

    def targets(self, n_sequences: int) -> "Sequence[Target]":
        """Return the first target texts, or decoder inputs if they are generated."""
        if self.corpus.targets is not None:
            return self.corpus.targets[:n_sequences]
        if n_sequences > len(self.generated):
            texts = self.inputs(len(self.generated), n_sequences)
            self.generated.extend(self.model.generate(texts, self.max_target))
        return self.generated[:n_sequences]

    def lengths(self) -> Iterator[SequenceLength]:
        """Yield the length of every pair of texts."""
        n = len(self.corpus.sequences)
        for start in range(0, n, GENERATED_AT_ONCE):
            end = min(start + GENERATED_AT_ONCE, n)
            targets = self.targets(end)[start:]
            found = self.model.lengths_with_targets(self.inputs(start, end), targets)
            for n_source, n_target, n_cut in found:
                is_empty = n_source == 0
                yield SequenceLength(0 if is_empty else n_source + n_target, n_cut, n_source)

    def batches(self, n_sequences: int) -> Iterator["Batch"]:
        """Yield the first pairs of texts, in order."""
        starts = range(0, n_sequences, GENERATED_AT_ONCE)
        ends = (min(start + GENERATED_AT_ONCE, n_sequences) for start in starts)
        inputs = (
            one for start, end in zip(starts, ends, strict=True) for one in self.inputs(start, end)
        )
        return self.model.batches_with_targets(inputs, self.targets(n_sequences))

    def sample(self, lengths: Sequence[int], seed: int) -> Sample:
        """Return a few pairs of texts, cut so that their attention fits `SAMPLE_BYTES`."""
        longest = _longest_of_sample(self.model, lengths)
        chosen = choose_sample(len(lengths), max(2, _n_sampled(self.model, longest)), seed)
        targets = self.targets(len(lengths))
        shares = [longest / lengths[i] for i in chosen]
        texts = [
            text if self.corpus.recordings else _cut_to_share(text, share)
            for share, i in zip(shares, chosen, strict=True)
            for text in self.inputs(i, i + 1)
        ]
        cut = [_cut_to_share(targets[i], share) for i, share in zip(chosen, shares, strict=True)]
        return Sample(self.model.prepare_with_targets(texts, cut), chosen)

    def texts(self, n_sequences: int) -> list[str]:
        """Return the first source texts."""
        return self.corpus.sequences[:n_sequences]

    def target_texts(self, n_sequences: int) -> list[str]:
        """Return the first target texts."""
        return [self.model.target_text(target) for target in self.targets(n_sequences)]


@dataclass(frozen=True)
class ImageSource:
    """Images."""

    model: "LoadedModel"
    corpus: ImageCorpus

    def lengths(self) -> Iterator[SequenceLength]:
        """Yield the length of every image, the same for all."""
        grid = self.model.patch_grid
        return repeat(SequenceLength(grid.n_tokens if grid else 0, 0), len(self.corpus.paths))

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

    def lengths(self) -> Iterator[SequenceLength]:
        """Yield the length of every image with its text, of which none is cut.

        Raises
        ------
        CorpusError
            If a text cannot be read by the model; names where it is.
        """
        found = self.model.image_text_lengths(self.corpus.sequences)
        for location in self.corpus.locations:
            try:
                yield SequenceLength(next(found), 0)
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


def source_of(model: "LoadedModel", corpus: Corpus, max_target: int = MAX_TARGET) -> Source:
    """Return the source.

    Parameters
    ----------
    model : LoadedModel
    corpus : TextCorpus, ImageCorpus or ImageTextCorpus
    max_target : int
        Tokens of a target text, if the model generates them.

    Raises
    ------
    InvalidRequestError
        If the model is for another modality, or for other texts than the corpus has.
    """
    if isinstance(corpus, ImageTextCorpus) and model.modality == "image-text":
        return ImageTextSource(model, corpus)
    if isinstance(corpus, ImageCorpus) and model.modality == "image":
        return ImageSource(model, corpus)
    if isinstance(corpus, TextCorpus) and model.modality == "text":
        return _text_source(model, corpus, max_target)
    hears = model.sampling_rate is not None
    wanted = {
        "text": AUDIO if hears else "text: give --text FILE",
        "image": "images: give --images FOLDER",
        "image-text": f"images with texts: {FORMS}",
    }
    raise InvalidRequestError(f"{model.description['name']} reads {wanted[model.modality]}")


def _text_source(model: "LoadedModel", corpus: TextCorpus, max_target: int) -> Source:
    name = model.description["name"]
    if (model.sampling_rate is None) != (corpus.recordings is None):
        wanted = "text: give --text FILE" if corpus.recordings else AUDIO
        raise InvalidRequestError(f"{name} reads {wanted}")
    if model.has_two_texts:
        if corpus.pairs is not None:
            raise InvalidRequestError(
                f"{name} reads two texts, and --pairs takes positions in one; leave it out, or "
                "give --part encoder"
            )
        return TwoTextSource(model, corpus, max_target)
    if corpus.targets is not None:
        raise InvalidRequestError(
            f"{name} has no decoder that attends to an encoder here; leave out --target"
        )
    return TextSource(model, corpus)


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
        targets=corpus.targets and chosen(corpus.targets),
        recordings=corpus.recordings and chosen(corpus.recordings),
    )
    if isinstance(source, TwoTextSource):
        generated = [source.generated[i] for i in kept if i < len(source.generated)]
        return replace(source, corpus=texts, generated=generated)
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
    n_source : tuple of int or None
        Number of source tokens of each; None unless the model has an encoder and a decoder.
    """

    sequences: list[int]
    lengths: list[int]
    account: Account
    n_source: tuple[int, ...] | None = None


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
    n_source: list[int] = []
    for i, ((length, n_tokens_cut, n_of_source), is_cut) in enumerate(
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
        n_source += [] if n_of_source is None else [n_of_source]
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
    return Taken(sequences, lengths, replace(account, n_cut=n_cut), tuple(n_source) or None)


def token_pairs_of(source: Source, table: TokenTable) -> TokenPairs | None:
    """Return the labelled pairs of the tokens of the table; None for a corpus without pairs."""
    corpus = source.corpus
    if not isinstance(corpus, TextCorpus) or corpus.pairs is None:
        return None
    return token_pairs(
        corpus.pairs, source.texts(len(table.lengths)), table.lengths, table.written()
    )


def corpus_of(
    source: Source, table: TokenTable, pairs: Mapping[str, Sequence[Any]] | None = None
) -> CodedCorpus:
    """Return tokens and sequences of the table, with texts and columns."""
    n = len(table.lengths)
    columns = [values[:n] for _, values in sorted(source.corpus.columns.items())]
    targets = source.target_texts(n) if isinstance(source, TwoTextSource) else None
    return table.corpus(source.texts(n), columns, targets, pairs)


def choose_sample(n: int, n_wanted: int, seed: int) -> list[int]:
    """Return `n_wanted` random indices in 0..n-1, or all of them if fewer, ascending."""
    chosen = np.random.default_rng(seed).choice(n, min(n, n_wanted), replace=False)
    return [int(i) for i in np.sort(chosen)]


def _n_sampled(model: "LoadedModel", n_tokens: int) -> int:
    """Return how many sequences of this length fit a sample."""
    n_bytes = 4 * model.n_heads * n_tokens**2
    return min(SAMPLE_SEQUENCES, SAMPLE_TOKENS // n_tokens, SAMPLE_BYTES // n_bytes)


def _longest_of_sample(model: "LoadedModel", lengths: Sequence[int]) -> int:
    affordable = int((SAMPLE_BYTES / (2 * 4 * model.n_heads)) ** 0.5)  # for two of them
    return max(8, min(max(lengths), affordable, SAMPLE_TOKENS // 2))


def _cut_to_share(text: Cuttable, share: float) -> Cuttable:
    return text if share >= 1 else text[: max(1, int(len(text) * share))]
