"""Reader of tokens and sequences: only the requested ones are read."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from itertools import pairwise
from typing import Any, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.types import TokenType
from attentionviz.errors import DamagedDatasetError
from attentionviz.store import layout
from attentionviz.store.cache import ByteCache
from attentionviz.store.checked_files import CheckedFiles, OpenArray
from attentionviz.store.columns import Sequences, parse_json
from attentionviz.store.token_files import (
    PAIR_NAME,
    SURFACE,
    VOCABULARY_COLUMNS,
    Content,
    n_bytes,
)
from attentionviz.store.token_json import convert_tokens

BLOCK_TOKENS = 1 << 20
BLOCK_TEXTS = 4096
# Python's objects of a parsed JSON file, against its bytes.
_PARSED_SIZE = 6


class Reader(Protocol):
    """What `TokenReader` needs of a `DatasetReader`."""

    manifest: Mapping[str, Any]
    files: CheckedFiles
    cache: ByteCache

    def fingerprint(self, *parts: object, files: tuple[str, ...]) -> str:
        """Return a fingerprint of parts and files."""

    def read(self, name: str, start: int = 0, stop: int | None = None) -> bytes:
        """Return some bytes of a file."""

    def open_array(self, name: str) -> AbstractContextManager[OpenArray]:
        """Open an array."""

    def record_damage(self, name: str) -> AbstractContextManager[None]:
        """Record that the file is damaged if the block raises DamagedDatasetError."""


class TokenReader:
    """Tokens and sequences of one dataset, validated at first use.

    Parameters
    ----------
    reader : Reader
        Of any readable format; ``tokens.json`` of a former one is converted as a whole.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._manifest = reader.manifest
        self.files = layout.token_files(reader.manifest)
        """The files of format 4, of which an array has dtype and shape."""
        is_former = reader.manifest["schema_version"] < layout.COLUMNS_VERSION
        self.paths = (layout.TOKENS,) if is_former else tuple(self.files)
        """The files on disk that hold all this."""

    def array(self, path: str, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        """Return rows of one of the arrays of `layout.token_files`; all by default."""
        self.check()
        return self._array(path, start, stop)

    def vocabulary(self) -> dict[str, list[Any]]:
        """Return the distinct tokens: `VOCABULARY_COLUMNS`, and `PAIR_NAME` of labelled pairs."""
        self.check()
        return self._parsed(layout.VOCABULARY)

    def sequences(self) -> Sequences:
        """Return start, length and number of source tokens of every sequence."""
        key = ("sequences", self.fingerprint())
        sequences: Sequences | None = self._reader.cache.get(key)
        if sequences is None:
            self.check()
            has_parts = len(layout.text_names(self._manifest)) > 1
            n_source = self._array(layout.N_SOURCE) if has_parts else None
            sequences = Sequences.of(self._array(layout.SEQUENCE_LENGTHS), n_source)
            self._reader.cache.put(key, sequences, sequences.n_bytes)
        return sequences

    def utf8(self, name: str, first: int = 0, end: int | None = None) -> NDArray[np.uint8]:
        """Return the bytes of the texts of some sequences, one after the other."""
        self.check()
        bounds = self._bounds(name, first, end)
        content = self._bytes(layout.texts_path(name), bounds[0], bounds[-1])
        return np.frombuffer(content, dtype=np.uint8)

    def texts(self, name: str = "text", first: int = 0, end: int | None = None) -> list[str]:
        """Return the ``text`` or ``target_text`` of some sequences; of all by default."""
        content = self.utf8(name, first, end).tobytes()
        bounds = self._bounds(name, first, end)
        spans = pairwise(bound - bounds[0] for bound in bounds)
        return [content[start:stop].decode() for start, stop in spans]

    def columns(self) -> list[tuple[NDArray[np.int32], list[Any]]]:
        """Return codes and distinct values of each further column of the sequences."""
        if not self._manifest["corpus"]["columns"]:
            return []
        codes = self.array(layout.COLUMN_CODES)
        return list(zip(codes, self._parsed(layout.COLUMN_VALUES), strict=True))

    def document(self, first: int = 0, end: int | None = None) -> dict[str, Any]:
        """Return tokens and sequences as one JSON value, as `contract.CorpusTokens` describes it.

        Parameters
        ----------
        first, end : int
            Sequences; all by default. Numbers of tokens and sequences stay those of the corpus.
        """
        every = self.sequences()
        end = len(every.length) if end is None else end
        chosen = every.chosen(np.arange(first, end))
        start, stop = int(chosen.start[0]), int(chosen.start[-1] + chosen.length[-1])
        codes = self.array(layout.CODES, start, stop).tolist()
        vocabulary = self.vocabulary()
        names = [name for name in VOCABULARY_COLUMNS if name in vocabulary]
        document: dict[str, Any] = {
            name: [vocabulary[name][code] for code in codes] for name in names
        }
        document["sequence"] = np.repeat(np.arange(first, end), chosen.length).tolist()
        document["position"] = chosen.positions().tolist()
        if self._manifest["patch_grid"]:
            for name in layout.PATCH_COLUMNS:
                path = layout.patch_column_path(name)
                document[name] = _with_nulls(self.array(path, start, stop))
        sequences: dict[str, Any] = {"start": chosen.start.tolist()}
        sequences["length"] = chosen.length.tolist()
        for name in layout.text_names(self._manifest):
            sequences[name] = self.texts(name, first, end)
        if chosen.n_source is not None:
            sequences["n_source"] = chosen.n_source.tolist()
        named = zip(self._manifest["corpus"]["columns"], self.columns(), strict=True)
        sequences["columns"] = {
            name: [values[code] for code in of_all[first:end].tolist()]
            for name, (of_all, values) in named
        }
        document["sequences"] = sequences
        if PAIR_NAME in vocabulary:
            pairs = self.array(layout.LABELLED_PAIRS)
            pairs = pairs[(pairs[:, 0] >= start) & (pairs[:, 0] < stop)]
            document["pairs"] = {
                "first": pairs[:, 0].tolist(),
                "second": pairs[:, 1].tolist(),
                "name": [vocabulary[PAIR_NAME][code] for code in pairs[:, 2].tolist()],
            }
        return document

    def fingerprint(self, *parts: object) -> str:
        """Return a fingerprint that changes when anything of this does."""
        return self._reader.fingerprint("tokens", *parts, files=self.paths)

    def check(self) -> None:
        """Validate all files against the manifest and one another, once.

        Raises
        ------
        DamagedDatasetError
            If a code or a length is out of range, a type is wrong, the sequences do not cover the
            tokens, or a text is not UTF-8.
        """
        key = ("tokens checked", self.fingerprint())
        if self._reader.cache.get(key):
            return
        self._check_vocabulary()
        self._check_sequences()
        for name in layout.text_names(self._manifest):
            self._check_texts(name)
        self._check_columns()
        self._check_pairs()
        self._check_patches()
        self._reader.cache.put(key, True, 200)

    def _check_vocabulary(self) -> None:
        with self._damage(layout.VOCABULARY) as path:
            vocabulary = self._parsed(path)
            columns = VOCABULARY_COLUMNS[:3]  # the others are optional
            is_named = isinstance(vocabulary, dict) and {*columns} <= vocabulary.keys()
            if not is_named or not vocabulary.keys() <= {*columns, SURFACE, PAIR_NAME}:
                raise DamagedDatasetError(f"{path} must have the columns {', '.join(columns)}")
            for name, values in vocabulary.items():
                if not isinstance(values, list) or not all(map(_IS_VALUE[name], values)):
                    raise DamagedDatasetError(f"{path}: {name} has a value of another type")
            lengths = {len(vocabulary[name]) for name in vocabulary.keys() - {PAIR_NAME}}
            if len(lengths) > 1 or max(lengths) > self._manifest["n_tokens"]:
                raise DamagedDatasetError(f"{path} has columns of different or impossible lengths")
        n_entries = len(vocabulary["text"])
        with self._damage(layout.CODES) as path:
            for block in self._blocks(path):
                _require_range(path, block, 0, n_entries - 1)

    def _check_sequences(self) -> None:
        with self._damage(layout.SEQUENCE_LENGTHS) as path:
            length = self._array(path).astype(np.int64)
            if length.min() < 1 or length.sum() != self._manifest["n_tokens"]:
                raise DamagedDatasetError(
                    f"{path}: the sequences do not cover the {self._manifest['n_tokens']} tokens"
                )
        if len(layout.text_names(self._manifest)) > 1:
            with self._damage(layout.N_SOURCE) as path:
                n_source = self._array(path)
                if not ((n_source >= 1) & (n_source < length)).all():
                    raise DamagedDatasetError(f"{path}: a sequence has no source or target tokens")

    def _check_texts(self, name: str) -> None:
        path = layout.texts_path(name)
        with self._damage(layout.text_ends_path(name)) as ends_path:
            ends = self._array(ends_path)
            size = self._size(path)
            if ends[0] < 0 or (np.diff(ends) < 0).any() or ends[-1] != size:
                raise DamagedDatasetError(f"{ends_path} does not divide the {size} bytes of texts")
        with self._damage(path):
            for first in range(0, len(ends), BLOCK_TEXTS):
                bounds = self._bounds(name, first, min(first + BLOCK_TEXTS, len(ends)))
                _check_utf8(path, self._bytes(path, bounds[0], bounds[-1]), bounds)

    def _check_columns(self) -> None:
        names = self._manifest["corpus"]["columns"]
        if not names:
            return
        with self._damage(layout.COLUMN_VALUES) as path:
            values = self._parsed(path)
            is_list = isinstance(values, list) and all(isinstance(one, list) for one in values)
            if not is_list or len(values) != len(names):
                raise DamagedDatasetError(f"{path} must list the values of {len(names)} columns")
        with self._damage(layout.COLUMN_CODES) as path:
            for i, known in enumerate(values):
                _require_range(path, self._array(path, i, i + 1), 0, len(known) - 1)

    def _check_pairs(self) -> None:
        names = self._parsed(layout.VOCABULARY).get(PAIR_NAME)
        has_pairs = "pairs" in self._manifest["corpus"]
        if has_pairs != (names is not None):
            with self._damage(layout.VOCABULARY) as path:
                raise DamagedDatasetError(f"{path} and the manifest disagree on labelled pairs")
        if not has_pairs:
            return
        with self._damage(layout.LABELLED_PAIRS) as path:
            first, second, name = self._array(path).astype(np.int64).T
            _require_range(path, name, 0, len(names) - 1)
            ends = np.cumsum(self._array(layout.SEQUENCE_LENGTHS), dtype=np.int64)
            in_order = (first >= 0) & (first < second) & (second < self._manifest["n_tokens"])
            sequence = np.searchsorted(ends, (first, second), side="right")
            if not (in_order & (sequence[0] == sequence[1])).all():
                raise DamagedDatasetError(f"{path}: a pair is not two tokens of a sequence")

    def _check_patches(self) -> None:
        grid = self._manifest["patch_grid"]
        if not grid:
            return
        for name, size in (("row", grid["n_rows"]), ("column", grid["n_columns"])):
            with self._damage(layout.patch_column_path(name)) as path:
                for block in self._blocks(path):
                    _require_range(path, block, -1, size - 1)
        for name in ("hue", "brightness"):
            with self._damage(layout.patch_column_path(name)) as path:
                if any(np.isinf(block).any() for block in self._blocks(path)):
                    raise DamagedDatasetError(f"{path} has an infinite value")

    def _blocks(self, path: str) -> Iterator[NDArray[Any]]:
        n = self._manifest["n_tokens"]
        for start in range(0, n, BLOCK_TOKENS):
            yield self._array(path, start, min(start + BLOCK_TOKENS, n))

    def _bounds(self, name: str, first: int, end: int | None) -> list[int]:
        """Return the first byte of each of some texts, and the end of the last."""
        ends = self._array(layout.text_ends_path(name), max(first - 1, 0), end).tolist()
        return ends if first else [0, *ends]

    @contextmanager
    def _damage(self, path: str) -> Iterator[str]:
        """Record damage of a file, or of the file that it was converted from."""
        if path in self.paths:
            with self._reader.record_damage(path):
                yield path
            return
        with self._reader.record_damage(layout.TOKENS):
            try:
                yield path
            except DamagedDatasetError as error:
                raise DamagedDatasetError(f"{layout.TOKENS}: {error}") from error

    def _array(self, path: str, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        if path not in self.paths:
            found = self._converted()[path]
            return found[start:stop]  # type: ignore[return-value]
        with self._reader.open_array(path) as array:
            return array.rows(start, array.spec.shape[0] if stop is None else stop)

    def _bytes(self, path: str, start: int, stop: int) -> bytes:
        if path not in self.paths:
            return self._converted()[path][start:stop]  # type: ignore[return-value]
        return self._reader.read(path, start, stop)

    def _size(self, path: str) -> int:
        if path not in self.paths:
            return len(self._converted()[path])
        return self._reader.files.records[path].n_bytes

    def _parsed(self, path: str) -> Any:
        """Return a JSON file, which is kept parsed while the cache has room."""
        key = ("parsed", path, self.fingerprint())
        parsed = self._reader.cache.get(key)
        if parsed is None:
            content = self._bytes(path, 0, self._size(path))
            with self._damage(path):
                parsed = parse_json(content, path)
            self._reader.cache.put(key, parsed, _PARSED_SIZE * len(content))
        return parsed

    def _converted(self) -> Mapping[str, Content]:
        """Return the files that ``tokens.json`` of a former format is converted to."""
        key = ("tokens converted", self.fingerprint())
        files: dict[str, Content] | None = self._reader.cache.get(key)
        if files is None:
            content = self._reader.read(layout.TOKENS)
            with self._reader.record_damage(layout.TOKENS):
                files = convert_tokens(content, self._manifest)
            self._reader.cache.put(key, files, n_bytes(files))
        return files


_TOKEN_TYPES = get_args(TokenType)
_IS_VALUE = {
    "text": lambda value: type(value) is str,
    "token_id": lambda value: type(value) is int and -(2**31) <= value < 2**31,
    "token_type": lambda value: value in _TOKEN_TYPES,
    SURFACE: lambda value: value is None or type(value) is str,
    PAIR_NAME: lambda value: type(value) is str,
}


def _require_range(path: str, values: NDArray[Any], low: int, high: int) -> None:
    if values.size and not low <= values.min() <= values.max() <= high:
        raise DamagedDatasetError(
            f"{path} has numbers from {values.min()} to {values.max()}, expected {low} to {high}"
        )


def _check_utf8(path: str, content: bytes, bounds: list[int]) -> None:
    """Raise DamagedDatasetError unless each text is UTF-8: all, and none begins within a letter."""
    try:
        content.decode()
    except UnicodeDecodeError as error:
        raise DamagedDatasetError(
            f"{path} is not UTF-8 after {bounds[0]} bytes: {error}"
        ) from error
    at = np.array(bounds[:-1]) - bounds[0]
    first = np.frombuffer(content, dtype=np.uint8)[at[at < len(content)]]
    if ((first & 0xC0) == 0x80).any():
        raise DamagedDatasetError(f"{path} has a text that begins within a character")


def _with_nulls(column: NDArray[Any]) -> list[int | float | None]:
    if column.dtype.kind == "f":
        shortest = column.astype(str).tolist()  # float32 as it was given, not as float64
        return [None if value == "nan" else float(value) for value in shortest]
    return [None if value < 0 else value for value in column.tolist()]
