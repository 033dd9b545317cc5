"""Names and paths of a data folder and of the files in a dataset, without any file access.

A data folder holds finished datasets ``<id>@<version>``, one pointer ``<id>.current`` each, builds
in progress under ``.staging/<id>-<build key>`` and locks under ``.locks``. A version is the first
12 hexadecimal digits of the SHA-256 of the dataset's ``manifest.json``.
"""

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from attentionviz.core.heads import LayerHeads, heads_of
from attentionviz.core.types import (
    DATASET_ID_PATTERN,
    DIMS,
    MEASURES,
    METHODS,
    WITH_IMAGES,
    HeadId,
    MapName,
)
from attentionviz.errors import InvalidRequestError

MANIFEST = "manifest.json"
FILES = "files.npy"
FILE_ROW_BYTES = 40
TOKENS = "tokens.json"
"""All tokens and sequences of a dataset of format 2 or 3."""
CODES = "tokens/code.npy"
VOCABULARY = "tokens/vocabulary.json"
LABELLED_PAIRS = "tokens/pairs.npy"
SEQUENCE_LENGTHS = "sequences/length.npy"
N_SOURCE = "sequences/n_source.npy"
COLUMN_CODES = "sequences/columns.npy"
COLUMN_VALUES = "sequences/column_values.json"
COLUMNS_VERSION = 4
"""First format with columns of tokens, sequences and heads in files of their own."""
TEXTS = ("text", "target_text")
"""Texts of a sequence; the second only of a model with encoder and decoder."""
PATCH_COLUMNS = {"row": "int32", "column": "int32", "hue": "float32", "brightness": "float32"}
"""Columns of patches, with their dtypes; other tokens have -1 or NaN."""
HEADS = "heads.json"
"""All facts of all heads of a dataset of format 2 or 3."""
HEAD_COLUMNS = "heads/columns.npy"
OF_VECTORS = ("alignment_scale", "vector_rank_correlation")
"""Columns of the vectors of a head."""
OF_SCORE = ("value", "n_rows")
"""Columns of each score."""
HEAD_DETAILS = "heads/details.jsonl"
HEAD_DETAILS_END = "heads/details_end.npy"
FALLBACKS = "heads/fallbacks.json"
SIMILARITY_HEADS = "similarity-heads.npy"
SIMILARITY_PATTERN = "similarity-pattern.npy"
SIMILARITY_VECTORS = "similarity-vectors.npy"
HEAD_MAP = "head_map.npy"
GRID_TOKENS = "grid/tokens.npy"
GRID_NORMS = "grid/norms.npy"
PATCHES = "images/patches.npy"
VECTOR_TOKENS = "vector_tokens.npy"

# Only in a staging folder.
JOURNAL = "journal.jsonl"
PROGRESS = "progress.json"
PARTIAL_MANIFEST = "manifest.partial.json"
PROBE = "probe.json"
CAPTURE_FOLDER = "capture"
NEIGHBOURS_FOLDER = "neighbours"
COMPARISON_FOLDER = "comparison"
INCOMING_FOLDER = "incoming"
TEMPORARY_SUFFIX = ".tmp"

STAGING_FOLDER = ".staging"
LOCKS_FOLDER = ".locks"
POINTER_SUFFIX = ".current"

N_VERSION_DIGITS = 12
VERSION_PATTERN = r"[0-9a-f]{12}"
MAP_PATTERN = "(?:" + "|".join(METHODS) + ")-[" + "".join(str(d) for d in DIMS) + "]d"


class FileSpec(NamedTuple):
    """Expected dtype (by name) and shape of an array file."""

    dtype: str
    shape: tuple[int, ...]


def is_dataset_id(dataset_id: str) -> bool:
    """Return whether a text is a valid dataset id: lower case, digits, dot, dash, underscore."""
    return re.fullmatch(DATASET_ID_PATTERN, dataset_id) is not None


def require_dataset_id(dataset_id: str) -> None:
    """Raise InvalidRequestError unless the text is a valid dataset id."""
    if not is_dataset_id(dataset_id):
        raise InvalidRequestError(
            f"{dataset_id!r} cannot name a dataset; use 1 to 64 lower-case letters, digits, "
            "dots, dashes or underscores, beginning with a letter or digit"
        )


def version_name(dataset_id: str, version: str) -> str:
    """Return ``<id>@<version>``, the name of a finished dataset's folder."""
    return f"{dataset_id}@{version}"


def parse_version_name(name: str) -> tuple[str, str] | None:
    """Return (id, version) of ``<id>@<version>``, or None if the text is not of this form."""
    match = re.fullmatch(rf"({DATASET_ID_PATTERN})@({VERSION_PATTERN})", name)
    return (match[1], match[2]) if match else None


def dataset_folder(data_dir: Path, dataset_id: str, version: str) -> Path:
    """Return the folder of one finished dataset."""
    require_dataset_id(dataset_id)
    return data_dir / version_name(dataset_id, version)


def pointer_path(data_dir: Path, dataset_id: str) -> Path:
    """Return the path of the one-line file that names the current version of a dataset."""
    require_dataset_id(dataset_id)
    return data_dir / (dataset_id + POINTER_SUFFIX)


def staging_folder(data_dir: Path, dataset_id: str, build_key: str) -> Path:
    """Return the folder of a build in progress; `build_key` is 12 hexadecimal digits."""
    require_dataset_id(dataset_id)
    return data_dir / STAGING_FOLDER / f"{dataset_id}-{build_key}"


def parse_staging_name(name: str) -> tuple[str, str] | None:
    """Return (id, build key) of a folder in ``.staging``, or None if it is no build folder."""
    match = re.fullmatch(rf"({DATASET_ID_PATTERN})-({VERSION_PATTERN})", name)
    return (match[1], match[2]) if match else None


def lock_path(data_dir: Path, dataset_id: str) -> Path:
    """Return the path of the lock file that excludes a second build of a dataset."""
    require_dataset_id(dataset_id)
    return data_dir / LOCKS_FOLDER / f"{dataset_id}.lock"


def queries_path(head: HeadId) -> str:
    """Return the relative path of a head's queries."""
    return f"{head.folder}/queries.npy"


def key_head(head: HeadId, manifest: Mapping[str, Any]) -> HeadId:
    """Return the head whose folder stores the keys of `head`: the first of its group."""
    heads = LayerHeads.of(manifest, head.layer)
    group_size = heads.n_heads // heads.n_key_heads
    return HeadId(head.layer, head.head // group_size * group_size)


def keys_path(head: HeadId, manifest: Mapping[str, Any]) -> str:
    """Return the relative path of a head's keys, which its key-value group shares."""
    return f"{key_head(head, manifest).folder}/keys.npy"


def captured_path(path: str, manifest: Mapping[str, Any]) -> str:
    """Return where a build finds the vectors of all tokens of a file of queries or keys.

    Parameters
    ----------
    path : str
        From `queries_path` or `keys_path`. The file itself if all vectors are stored; else a file
        that is there in staging only.
    manifest : mapping
        Or the facts of a plan.
    """
    return path if manifest["keep_vectors"]["choice"] == "all" else f"{CAPTURE_FOLDER}/{path}"


def norms_path(head: HeadId) -> str:
    """Return the relative path of a head's norms: query, key, value, value through output."""
    return f"{head.folder}/norms.npy"


def map_path(head: HeadId, map_name: MapName) -> str:
    """Return the relative path of one head's map."""
    return f"{head.folder}/{map_name}.npy"


def map_facts_path(head: HeadId, map_name: MapName) -> str:
    """Return the relative path of offset, scale and fidelity of a map, in staging only."""
    return f"{head.folder}/{map_name}.json"


def scores_path(head: HeadId) -> str:
    """Return the relative path of the scores of a head, in staging only."""
    return f"{head.folder}/scores.json"


def comparison_path(name: str) -> str:
    """Return the relative path of a part of the comparison of heads, kept until publication."""
    return f"{COMPARISON_FOLDER}/{name}.npy"


def neighbours_path(head: HeadId) -> str:
    """Return the relative path of a head's cosine neighbours, in staging only."""
    return f"{NEIGHBOURS_FOLDER}/{head.folder}.npy"


def patch_column_path(name: str) -> str:
    """Return the relative path of one of `PATCH_COLUMNS`."""
    return f"tokens/{name}.npy"


def texts_path(name: str) -> str:
    """Return the relative path of the UTF-8 bytes of every ``text`` or ``target_text``."""
    return f"sequences/{name}.utf8"


def text_ends_path(name: str) -> str:
    """Return the relative path of the byte after each of these texts."""
    return f"sequences/{name}_end.npy"


def text_names(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """Return which texts a sequence has."""
    has_parts = manifest["layers"][0].get("part") is not None
    return TEXTS if has_parts else TEXTS[:1]


def token_files(manifest: Mapping[str, Any]) -> dict[str, FileSpec | None]:
    """Return the files of tokens and sequences of format 4, as `expected_files` does."""
    n_tokens, n_sequences = manifest["n_tokens"], manifest["n_sequences"]
    corpus, texts = manifest["corpus"], text_names(manifest)
    files: dict[str, FileSpec | None] = {
        VOCABULARY: None,
        CODES: FileSpec("int32", (n_tokens,)),
        SEQUENCE_LENGTHS: FileSpec("int32", (n_sequences,)),
    }
    for name in texts:
        files[texts_path(name)] = None
        files[text_ends_path(name)] = FileSpec("int32", (n_sequences,))
    if len(texts) > 1:
        files[N_SOURCE] = FileSpec("int32", (n_sequences,))
    if corpus["columns"]:
        files[COLUMN_VALUES] = None
        files[COLUMN_CODES] = FileSpec("int32", (len(corpus["columns"]), n_sequences))
    if "pairs" in corpus:
        files[LABELLED_PAIRS] = FileSpec("int32", (corpus["pairs"]["n_taken"], 3))
    if manifest["patch_grid"]:
        for name, dtype in PATCH_COLUMNS.items():
            files[patch_column_path(name)] = FileSpec(dtype, (n_tokens,))
    return files


def grid_path(map_name: MapName) -> str:
    """Return the relative path of the sample of every head that the grid draws."""
    return f"grid/{map_name}.npy"


def image_path(image_idx: int) -> str:
    """Return the relative path of a re-encoded image."""
    return f"images/{image_idx:05d}.png"


def thumbnail_path(image_idx: int) -> str:
    """Return the relative path of the thumbnail of an image."""
    return f"images/{image_idx:05d}.thumbnail.png"


def grid_spec(manifest: Mapping[str, Any], map_name: MapName) -> FileSpec:
    """Return dtype and shape of the grid of one map; 3-D points are packed, 4 bytes each."""
    shape = (manifest["n_layers"], manifest["n_heads"], manifest["grid"]["n_points"])
    return FileSpec("uint16", (*shape, 2)) if map_name.dims == 2 else FileSpec("uint32", shape)


def similarity_files(manifest: Mapping[str, Any]) -> dict[str, FileSpec]:
    """Return the files of head similarity and their specs; heads are numbered layer by layer.

    Distances and alignments are of all pairs or, if the manifest gives ``n_nearest``, of every head
    and so many others, whose indices are one more file.
    """
    n_heads = len(heads_of(manifest))
    n_nearest = manifest.get("similarity", {}).get("n_nearest")
    others = (n_heads, n_nearest or n_heads)
    files = {SIMILARITY_HEADS: FileSpec("int32", others)} if n_nearest else {}
    return files | {
        SIMILARITY_PATTERN: FileSpec("float32", others),
        SIMILARITY_VECTORS: FileSpec("float32", others),
        HEAD_MAP: FileSpec("float32", (n_heads, 2)),
    }


def head_columns(manifest: Mapping[str, Any]) -> list[str]:
    """Return the names of the rows of ``heads/columns.npy``.

    Of each map the index of the reason for its fallback, −1 for none, and its fidelity; of each
    score its value and the number of attention rows.
    """
    of_map = ("fallback", *MEASURES)
    return [
        *OF_VECTORS,
        *(f"{name}/{part}" for name in sorted(manifest["maps"]) for part in of_map),
        *(f"{name}/{part}" for name in manifest["scores"] for part in OF_SCORE),
    ]


def head_fact_files(manifest: Mapping[str, Any]) -> dict[str, FileSpec | None]:
    """Return the files with the facts of all heads, which are numbered layer by layer."""
    n_heads = len(heads_of(manifest))
    return {
        HEAD_COLUMNS: FileSpec("float64", (len(head_columns(manifest)), n_heads)),
        FALLBACKS: None,
        HEAD_DETAILS: None,
        HEAD_DETAILS_END: FileSpec("int32", (n_heads,)),
    }


def head_fact_paths(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the files on disk that hold the facts of all heads."""
    is_former = manifest["schema_version"] < COLUMNS_VERSION
    return (HEADS,) if is_former else tuple(head_fact_files(manifest))


def head_files(manifest: Mapping[str, Any], head: HeadId) -> dict[str, FileSpec | None]:
    """Return the files of one head, by relative path; see `expected_files`."""
    n_tokens, kept = manifest["n_tokens"], manifest["keep_vectors"]
    files: dict[str, FileSpec | None] = {}
    if kept["choice"] != "none":
        d_head = LayerHeads.of(manifest, head.layer).d_head
        vectors = FileSpec(manifest["precision"], (kept["n_tokens"], d_head))
        files[queries_path(head)] = vectors
        if key_head(head, manifest) == head:
            files[keys_path(head, manifest)] = vectors
    files[norms_path(head)] = FileSpec("float32", (n_tokens, 4))
    for name in map(MapName.parse, manifest["maps"]):
        files[map_path(head, name)] = FileSpec("uint16", (2 * n_tokens, name.dims))
    return files


def shared_files(manifest: Mapping[str, Any]) -> dict[str, FileSpec | None]:
    """Return the files that are not of one head, by relative path; see `expected_files`."""
    n_tokens, maps = manifest["n_tokens"], map(MapName.parse, manifest["maps"])
    files: dict[str, FileSpec | None] = {**similarity_files(manifest)}
    if manifest["schema_version"] < COLUMNS_VERSION:
        files |= {HEADS: None, TOKENS: None}
    else:
        files |= head_fact_files(manifest) | token_files(manifest)
    kept = manifest["keep_vectors"]
    if kept["choice"] == "sample":
        files[VECTOR_TOKENS] = FileSpec("int32", (kept["n_tokens"],))
    files[GRID_TOKENS] = FileSpec("int32", (manifest["grid"]["n_tokens"],))
    grid = (manifest["n_layers"], manifest["n_heads"], manifest["grid"]["n_points"])
    files[GRID_NORMS] = FileSpec("uint8", grid)
    files.update({grid_path(name): grid_spec(manifest, name) for name in maps})
    if manifest["model"]["modality"] in WITH_IMAGES:
        files[PATCHES] = FileSpec("uint8", (n_tokens, 8, 8, 3))
        for image_idx in range(manifest["n_sequences"]):
            files[image_path(image_idx)] = None
            files[thumbnail_path(image_idx)] = None
    return files


class FileNames(Mapping[str, tuple[int, FileSpec | None]]):
    """Every file of a finished dataset with its number, the row of ``files.npy``, and its spec.

    Files of heads come last, head by head; each part is ordered by name. Heads whose files have
    the same specs share them, since thousands of heads have tens of thousands of files.

    Parameters
    ----------
    manifest : mapping
        As for `expected_files`.
    """

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        shared = shared_files(manifest)
        self._shared = {path: (i, shared[path]) for i, path in enumerate(sorted(shared))}
        self._heads: dict[str, tuple[int, dict[str, tuple[int, FileSpec | None]]]] = {}
        kinds: dict[tuple[int, bool], dict[str, tuple[int, FileSpec | None]]] = {}
        self._n = len(self._shared)
        for head in heads_of(manifest):
            kind = (head.layer, key_head(head, manifest) == head)
            if kind not in kinds:
                files = head_files(manifest, head)
                names = {path.rpartition("/")[2]: spec for path, spec in files.items()}
                kinds[kind] = {name: (i, names[name]) for i, name in enumerate(sorted(names))}
            self._heads[head.folder] = (self._n, kinds[kind])
            self._n += len(kinds[kind])

    def __getitem__(self, path: str) -> tuple[int, FileSpec | None]:
        folder, _, name = path.rpartition("/")
        if folder not in self._heads:
            return self._shared[path]
        first, names = self._heads[folder]
        i, spec = names[name]
        return first + i, spec

    def __iter__(self) -> Iterator[str]:
        yield from self._shared
        for folder, (_, names) in self._heads.items():
            yield from (f"{folder}/{name}" for name in names)

    def __len__(self) -> int:
        return self._n

    def data_bytes(self) -> list[int]:
        """Return the bytes of the data of every array, without its header; −1 for other files."""
        found = [_data_bytes(spec) for _, spec in self._shared.values()]
        of_kind = {
            id(names): [_data_bytes(spec) for _, spec in names.values()]
            for _, names in self._heads.values()
        }
        for _, names in self._heads.values():
            found += of_kind[id(names)]
        return found


def _data_bytes(spec: FileSpec | None) -> int:
    return -1 if spec is None else math.prod(spec.shape) * np.dtype(spec.dtype).itemsize


def expected_files(manifest: Mapping[str, Any]) -> dict[str, FileSpec | None]:
    """Return every file of a finished dataset, arrays with dtype and shape.

    Parameters
    ----------
    manifest : mapping
        Finished or partial; its counts and map names determine the files.

    Returns
    -------
    dict
        Relative path to FileSpec, or to None if the file is not an array. The manifest itself and
        its table of files are not included.
    """
    return {path: spec for path, (_, spec) in FileNames(manifest).items()}
