"""Reader of one dataset; reads only the requested rows."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Literal

import numpy as np

from attentionviz.core.heads import has_heads, head_number, require_head
from attentionviz.core.rule import HeadRule, Spans, head_rule
from attentionviz.core.types import WITH_IMAGES, HeadId, MapName
from attentionviz.errors import (
    AppError,
    DamagedDatasetError,
    MethodNotFoundError,
    NotFoundError,
    NotReadyError,
)
from attentionviz.store import layout
from attentionviz.store.cache import ByteCache
from attentionviz.store.checked_files import CheckedFiles, OpenArray
from attentionviz.store.columns import Sequences
from attentionviz.store.damage import DamageLog
from attentionviz.store.grid import check_grid_tokens
from attentionviz.store.head_facts import (
    HeadColumns,
    HeadFiles,
    check_ends,
    former_head_files,
    head_facts,
    parse_details,
    parse_fallbacks,
)
from attentionviz.store.kept_vectors import (
    VectorRows,
    check_kept_tokens,
    not_stored,
    stores_vectors,
)
from attentionviz.store.safe_files import file_key
from attentionviz.store.similarity import check_similarity
from attentionviz.store.token_reader import TokenReader

Array = np.ndarray[Any, Any]
State = Literal["complete", "building", "failed", "stopped"]


class DatasetReader:
    """Reads a published dataset; `StagedReader` reads one that is not published yet.

    Parameters
    ----------
    manifest : mapping
        Validated by `store.schema`; ``files`` is not needed.
    files : CheckedFiles
    version : str
        12 hexadecimal digits, or ``building-<n>``.
    cache : ByteCache
        Shared by all datasets of a server.
    damage : DamageLog
        Shared by all datasets of a server; records damaged files.
    """

    state: State = "complete"
    missing_error: type[AppError] = DamagedDatasetError

    def __init__(
        self,
        manifest: Mapping[str, Any],
        files: CheckedFiles,
        version: str,
        cache: ByteCache,
        damage: DamageLog,
    ) -> None:
        self.manifest = manifest
        self.files = files
        self.version = version
        self.progress: dict[str, Any] | None = None
        self.cache = cache
        self._damage = damage

    @property
    def dataset_id(self) -> str:
        """Return the dataset's id."""
        return str(self.manifest["id"])

    @property
    def n_tokens(self) -> int:
        """Return the number of tokens of the whole corpus."""
        return int(self.manifest["n_tokens"])

    def require_complete(self) -> None:
        """Raise NotReadyError unless the build is complete."""
        if self.state == "building":
            raise NotReadyError(
                f"{self.dataset_id} is still being built; wait until it is complete"
            )
        if self.state != "complete":
            reason = (self.progress or {}).get("message", "")
            raise NotReadyError(f"the build of {self.dataset_id} is not complete: {reason}")

    def require_head(self, head: HeadId) -> None:
        """Raise HeadOutOfRangeError, with the reason, unless the dataset has this head."""
        require_head(self.manifest, head)

    def require_map(self, name: MapName) -> None:
        """Raise MethodNotFoundError unless the manifest lists this map."""
        if str(name) not in self.manifest["maps"]:
            known = ", ".join(self.manifest["maps"])
            raise MethodNotFoundError(f"{self.dataset_id} has no map {name}; its maps are {known}")

    def fingerprint(self, *parts: object, files: tuple[str, ...]) -> str:
        """Return 32 hexadecimal digits that change when any of these parts or files changes."""
        content = [*map(str, parts), *(self._record_hash(name) for name in files)]
        return hashlib.sha256("\n".join(content).encode()).hexdigest()[:32]

    @property
    def tokens(self) -> TokenReader:
        """Return the reader of tokens and sequences."""
        return TokenReader(self)

    def sequences(self) -> Sequences:
        """Return start and length of every sequence."""
        return self.tokens.sequences()

    def rule(self, head: HeadId) -> HeadRule:
        """Return the rule of a head."""
        self.require_head(head)
        return head_rule(self.manifest, head)

    def spans(self, head: HeadId) -> Spans:
        """Return the tokens of every sequence with a query, and with a key, in a head."""
        return self.rule(head).spans(*self.sequences())

    def heads_fingerprint(self) -> str:
        """Return a fingerprint that changes when `head_columns` or `head` does."""
        return self.fingerprint("heads", files=self._head_fact_paths)

    def grid_tokens(self) -> Array:
        """Return the tokens that the grid draws, int32 (n_grid_tokens,), ascending."""
        tokens = self.array(layout.GRID_TOKENS)
        with self.record_damage(layout.GRID_TOKENS):
            check_grid_tokens(tokens, self.n_tokens)
        return tokens

    def grid(self, name: MapName) -> tuple[Array, Array]:
        """Return the grid sample of one map, and which heads it has.

        Returns
        -------
        points : ndarray
            uint16 (n_layers, n_heads, n_grid_points, 2), or uint32 packed without the last axis;
            0 in places without a head.
        ready : ndarray of bool, shape (n_layers, n_heads)
        """
        self.require_map(name)
        points = self.array(layout.grid_path(name))
        return points, self.ready(name)

    def ready(self, name: MapName) -> Array:
        """Return which heads have this map, bool (n_layers, n_heads)."""
        return has_heads(self.manifest)

    def grid_fingerprint(self, name: MapName) -> str:
        """Return a fingerprint that changes when `grid` does."""
        self.require_map(name)
        return self.fingerprint("grid", files=(layout.grid_path(name),))

    def projection_path(self, name: MapName, head: HeadId) -> str:
        """Return the file of one head's full map, uint16 (2 * n_tokens, dims)."""
        self.require_map(name)
        self.require_head(head)
        return layout.map_path(head, name)

    def projection(self, name: MapName, head: HeadId) -> Array:
        """Return one head's full map, uint16 (2 * n_tokens, dims)."""
        return self.array(self.projection_path(name, head))

    def queries(self, head: HeadId, start: int, stop: int) -> Array:
        """Return the queries of tokens start..stop, (n, d_head), before scaling.

        Zeros for tokens without a query in this head, as for keys; see `spans`.

        Raises
        ------
        VectorsNotStoredError
            If the dataset was built without one of them, as of `keys` and `open_vectors`.
        """
        with self.open_vectors(self.queries_path(head)) as vectors:
            return vectors.rows(start, stop)

    def keys(self, head: HeadId, start: int, stop: int) -> Array:
        """Return the keys of tokens start..stop, (n, d_head)."""
        with self.open_vectors(self.keys_path(head)) as vectors:
            return vectors.rows(start, stop)

    @contextmanager
    def open_vectors(self, path: str) -> Iterator[VectorRows]:
        """Open the file of `queries_path` or `keys_path` for the duration of a ``with`` block."""
        is_sample = self.manifest["keep_vectors"]["choice"] == "sample"
        tokens = self.stored_tokens() if is_sample else None
        with self.open_array(path) as array:
            yield VectorRows(array, tokens, self.manifest)

    def stored_tokens(self) -> Array:
        """Return the tokens whose queries and keys are stored, (n,), ascending."""
        choice = self.manifest["keep_vectors"]["choice"]
        if choice != "sample":
            return np.arange(self.n_tokens if choice == "all" else 0)
        key = ("stored tokens", self._record_hash(layout.VECTOR_TOKENS))
        tokens: Array | None = self.cache.get(key)
        if tokens is None:
            tokens = self.array(layout.VECTOR_TOKENS)
            with self.record_damage(layout.VECTOR_TOKENS):
                check_kept_tokens(tokens, self.sequences())
            self.cache.put(key, tokens, tokens.nbytes)
        return tokens

    def has_vectors(self) -> Array:
        """Return whether the queries and keys of each sequence are stored, bool (n_sequences,)."""
        start = self.sequences().start
        choice = self.manifest["keep_vectors"]["choice"]
        if choice != "sample":
            return np.full(len(start), choice == "all")
        return np.isin(start, self.stored_tokens())

    def require_vectors(self, what: str = "this") -> None:
        """Raise VectorsNotStoredError, with `what` as its subject, if no vectors are stored."""
        if not stores_vectors(self.manifest):
            raise not_stored(self.manifest, what)

    def norms(self, head: HeadId) -> Array:
        """Return ‖q‖, ‖k‖, ‖v‖ and ‖v·W_O‖ of every token, float32 (n_tokens, 4)."""
        return self.array(self.norms_path(head))

    def head_columns(self) -> HeadColumns:
        """Return the numbers of all heads: alignment, fidelity of their maps, scores."""
        key = ("head columns", self.heads_fingerprint())
        columns: HeadColumns | None = self.cache.get(key)
        if columns is None:
            columns = self._former_heads().columns if self._has_heads_json else self._columns()
            self.cache.put(key, columns, columns.values.nbytes)
        return columns

    def _columns(self) -> HeadColumns:
        values, content = self.array(layout.HEAD_COLUMNS), self.read(layout.FALLBACKS)
        with self.record_damage(layout.FALLBACKS):
            fallbacks = parse_fallbacks(content)
        with self.record_damage(layout.HEAD_COLUMNS):
            return HeadColumns(self.manifest, values, fallbacks)

    def head(self, head: HeadId) -> dict[str, Any]:
        """Return all facts of one head; of the others, only their columns are read."""
        self.require_head(head)
        i = head_number(self.manifest, head)
        content = self._former_heads().details[i] if self._has_heads_json else self._details(i)
        with self.record_damage(layout.HEAD_DETAILS):
            details = parse_details(content, self.manifest, head.folder)
        return head_facts(self.head_columns(), i, details)

    def _details(self, i: int) -> bytes:
        ends = self.array(layout.HEAD_DETAILS_END)
        with self.record_damage(layout.HEAD_DETAILS_END):
            check_ends(ends, self.files.records[layout.HEAD_DETAILS].n_bytes)
        return self.read(layout.HEAD_DETAILS, int(ends[i - 1]) if i else 0, int(ends[i]))

    @cached_property
    def _head_fact_paths(self) -> tuple[str, ...]:
        return layout.head_fact_paths(self.manifest)

    @property
    def _has_heads_json(self) -> bool:
        return layout.HEADS in self._head_fact_paths

    def _former_heads(self) -> HeadFiles:
        """Return ``heads.json`` of a former format in the form of this one."""
        key = (layout.HEADS, self._record_hash(layout.HEADS))
        files: HeadFiles | None = self.cache.get(key)
        if files is None:
            content = self.read(layout.HEADS)
            with self.record_damage(layout.HEADS):
                files = former_head_files(content, self.manifest)
            self.cache.put(key, files, files.n_bytes)
        return files

    def similarity(self, name: str) -> Array:
        """Return one file of `layout.similarity_files`, its values validated.

        Returns
        -------
        ndarray of float32 or int32, shape (n_heads_total, n_others) or (n_heads_total, 2)
            Heads are numbered layer by layer. Distances of patterns, or alignments of vectors, NaN
            if undefined; with all heads, or with the heads of `layout.SIMILARITY_HEADS`; or
            coordinates on the map of heads.
        """
        array = self.array(name)
        key = ("similarity", self._record_hash(name))
        if self.cache.get(key) is None:
            with self.record_damage(name):
                check_similarity(name, array)
            self.cache.put(key, True, 200)
        return array

    def queries_path(self, head: HeadId) -> str:
        """Return the file of a head's queries; VectorsNotStoredError if there is none."""
        self.require_head(head)
        self.require_vectors("attention")
        return layout.queries_path(head)

    def keys_path(self, head: HeadId) -> str:
        """Return the file of the keys that a head uses, shared by its key-value group."""
        self.require_head(head)
        self.require_vectors("attention")
        return layout.keys_path(head, self.manifest)

    def norms_path(self, head: HeadId) -> str:
        """Return the file of a head's norms, float32 (n_tokens, 4)."""
        self.require_head(head)
        return layout.norms_path(head)

    def image_path(self, image_idx: int, *, is_thumbnail: bool = False) -> str:
        """Return the path of one image; NotFoundError if the index is out of range."""
        self.require_images()
        n_images = self.manifest["n_sequences"]
        if not 0 <= image_idx < n_images:
            raise NotFoundError(f"image {image_idx} is outside 0..{n_images - 1}")
        return (layout.thumbnail_path if is_thumbnail else layout.image_path)(image_idx)

    def require_images(self) -> None:
        """Raise NotFoundError unless this is a dataset with images."""
        if self.manifest["model"]["modality"] not in WITH_IMAGES:
            raise NotFoundError(f"{self.dataset_id} is a text dataset and has no images")

    def array(self, name: str) -> Array:
        """Return a whole array, read-only."""
        with self.open_array(name) as array:
            return array.all()

    @contextmanager
    def open_array(self, name: str) -> Iterator[OpenArray]:
        """Open an array file for the duration of a ``with`` block."""
        with self.record_damage(name):
            self._record_hash(name)
            with self.files.open_array(name) as array:
                yield array

    def read(self, name: str, start: int = 0, stop: int | None = None) -> bytes:
        """Return the bytes start..stop of a file that is not an array; all by default."""
        with self.record_damage(name):
            self._record_hash(name)
            return self.files.read(name, start, stop)

    @contextmanager
    def record_damage(self, name: str) -> Iterator[None]:
        """Record the file as damaged if the block raises DamagedDatasetError."""
        folder = self.files.folder
        before = file_key(folder / name)
        try:
            yield
        except DamagedDatasetError as error:
            if not error.is_recorded:  # of nested blocks, the innermost names the damaged file
                self._damage.add(folder, name, before, str(error))
                error.is_recorded = True
            raise

    def _record_hash(self, name: str) -> str:
        if name not in self.files:
            raise self.missing_error(f"{self.dataset_id}: {name} does not exist yet")
        return self.files.sha256(name)
