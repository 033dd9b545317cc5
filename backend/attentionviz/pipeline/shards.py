"""Captured vectors: one shard per batch, assembled by head."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.heads import heads_of, iterate_heads, layers_of
from attentionviz.core.types import HeadId
from attentionviz.store import layout
from attentionviz.store.journal import Journal
from attentionviz.store.writer import FileRecord, write_array

if TYPE_CHECKING:  # imports torch, which workers that compute maps must not
    from attentionviz.models import CapturedBatch

PARTS = ("queries", "keys", "norms")
MAX_FLOAT16 = 65504.0
N_NORMS = 4


def shard_paths(shard_idx: int) -> dict[str, str]:
    """Return the relative paths of the three arrays of one shard."""
    return {part: f"{layout.CAPTURE_FOLDER}/{shard_idx:06d}.{part}.npy" for part in PARTS}


def write_shard(
    folder: Path, shard_idx: int, captured: "CapturedBatch", precision: str
) -> list[FileRecord]:
    """Write the vectors and norms of one batch.

    Parameters
    ----------
    folder : Path
        Of the build.
    shard_idx : int
        Number of the batch.
    captured : CapturedBatch
        All numbers are in the range of `precision`, see `bad_sequences.capture`.
    precision : str
        "float32" or "float16", of queries and keys; norms are computed before rounding.
    """
    arrays = {
        "queries": captured.queries.astype(precision),
        "keys": captured.keys.astype(precision),
        "norms": captured.norms(),
    }
    paths = shard_paths(shard_idx)
    return [write_array(folder, paths[part], arrays[part]) for part in PARTS]


class Shards:
    """The shards of a build, read one head at a time.

    Parameters
    ----------
    folder : Path
        Of the build.
    n_shards : int
    """

    def __init__(self, folder: Path, n_shards: int) -> None:
        self._folder = folder
        self._n_shards = n_shards

    def paths(self) -> list[str]:
        """Return the relative paths of all shards."""
        return [path for i in range(self._n_shards) for path in shard_paths(i).values()]

    def read(self, part: str, layer: int, head: int, size: int) -> NDArray[Any]:
        """Return one array of one head over all tokens.

        Parameters
        ----------
        part : str
        layer, head : int
            Indices in the arrays of the shards.
        size : int
            Numbers of a token.

        Returns
        -------
        ndarray, shape (n_tokens, size)
        """
        blocks = [
            _read_block(self._folder / shard_paths(i)[part], layer, head)
            for i in range(self._n_shards)
        ]
        return np.concatenate(blocks)[:, :size]

    def remove(self) -> None:
        """Delete the shards."""
        for path in self.paths():
            (self._folder / path).unlink(missing_ok=True)


def _read_block(path: Path, layer: int, head: int) -> NDArray[Any]:
    """Return array[layer, head] of a four-dimensional .npy file; nothing else is read."""
    with path.open("rb") as file:
        np.lib.format.read_magic(file)
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        n_values = shape[2] * shape[3]
        file.seek((layer * shape[1] + head) * n_values * dtype.itemsize, 1)
        content = file.read(n_values * dtype.itemsize)
    return np.frombuffer(content, dtype=dtype).reshape(shape[2:])  # (token, d_head)


def is_derived(path: str) -> bool:
    """Return whether a file of a build is derived from the vectors: a map, facts or neighbours."""
    folder, _, name = path.rpartition("/")
    if re.fullmatch(r"L\d+H\d+", folder):
        return name.removesuffix(".npy") not in PARTS
    return folder in ("heads", "grid", layout.NEIGHBOURS_FOLDER)


def captured_paths(manifest: Mapping[str, Any]) -> set[str]:
    """Return the files with the queries and keys of all tokens, in staging if not all are kept."""
    heads = heads_of(manifest)
    paths = {layout.queries_path(head) for head in heads}
    paths |= {layout.keys_path(head, manifest) for head in heads}
    return {layout.captured_path(path, manifest) for path in paths}


def assemble_heads(
    folder: Path,
    journal: Journal,
    shards: Shards,
    manifest: Mapping[str, Any],
    kept: NDArray[np.int32] | None = None,
) -> Iterator[HeadId]:
    """Write missing queries, keys and norms; yield each finished head.

    Parameters
    ----------
    folder : Path
    journal : Journal
        Gets the files. Maps of a head whose vectors came out otherwise than an earlier, lost
        copy are discarded.
    shards : Shards
    manifest : mapping
        Or what is known of it before the capture.
    kept : ndarray of int32 or None
        Tokens whose queries and keys a dataset with a sample has, ascending; else None.
    """
    layers = layers_of(manifest)
    with_heads = [layer for layer, heads in enumerate(layers) if heads.n_heads]
    for head in iterate_heads(layers):
        heads, at = layers[head.layer], with_heads.index(head.layer)
        parts = {"queries": layout.queries_path(head), "norms": layout.norms_path(head)}
        if layout.key_head(head, manifest) == head:
            parts["keys"] = layout.keys_path(head, manifest)
        for part, path in parts.items():
            whole = path if part == "norms" else layout.captured_path(path, manifest)
            # Of a sample, the published file has the rows of these tokens.
            rows = {whole: None} if whole == path or kept is None else {path: kept, whole: None}
            if journal.has_all(rows):
                continue
            index = heads.key_head(head.head) if part == "keys" else head.head
            size = N_NORMS if part == "norms" else heads.d_head
            array = shards.read(part, at, index, size)
            for name, tokens in rows.items():
                record = write_array(folder, name, array if tokens is None else array[tokens])
                earlier = journal.discarded.get(name)
                if earlier is not None and earlier.sha256 != record.sha256:
                    _discard_derived(folder, journal)
                journal.add(record)
        yield head


def _discard_derived(folder: Path, journal: Journal) -> None:
    """Forget the maps and neighbours of vectors that are gone, and remove them."""
    derived = [path for path in journal.paths() if is_derived(path)]
    journal.discard(derived)
    for path in derived:
        (folder / path).unlink(missing_ok=True)
