"""A dataset in Python: its arrays, and its page in a cell of a notebook."""

import functools
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
from numpy.typing import NDArray

from attentionviz.analysis.head_attention import sequence_pattern
from attentionviz.core.heads import by_layer
from attentionviz.core.rule import row_name
from attentionviz.core.types import MEASURES, HeadId, MapName
from attentionviz.errors import DatasetNotFoundError, InvalidRequestError
from attentionviz.notebook.arrays import (
    Floats,
    HeadScores,
    LabelledPairs,
    Points,
    Tokens,
    Vectors,
)
from attentionviz.notebook.cell import DEFAULT_HEIGHT_PX, PageCell, page_address
from attentionviz.projections.quantise import dequantise
from attentionviz.settings.settings import load_settings
from attentionviz.store import layout
from attentionviz.store.dataset import DatasetReader
from attentionviz.store.reader import DatasetLibrary


class Dataset:
    """One built dataset. Arrays are read on access and checked against their hashes.

    Attributes
    ----------
    manifest : dict
        Model, corpus, counts, every parameter of every map.
    n_layers, n_heads, n_tokens, n_sequences, d_head : int
    maps : tuple of str
        Such as ``biplot-2d``.
    """

    def __init__(self, library: DatasetLibrary, reader: DatasetReader) -> None:
        self._library = library
        self._reader = reader
        self.manifest: dict[str, Any] = dict(reader.manifest)
        for name in ("n_layers", "n_heads", "n_tokens", "n_sequences", "d_head"):
            setattr(self, name, self.manifest[name])
        self.maps = tuple(sorted(self.manifest["maps"]))

    n_layers: int
    n_heads: int
    n_tokens: int
    n_sequences: int
    d_head: int

    def __repr__(self) -> str:
        model = self.manifest["model"]["name"]
        return (
            f"<{self._reader.dataset_id}: {model}, {self.n_layers} layers x {self.n_heads} heads, "
            f"{self.n_tokens:,} tokens in {self.n_sequences:,} sequences>"
        )

    @functools.cached_property
    def tokens(self) -> Tokens:
        """Return the columns of all tokens."""
        return Tokens.of(self._reader)

    @property
    def pairs(self) -> LabelledPairs | None:
        """Return the labelled pairs; None if the dataset was built without them."""
        has_pairs = "pairs" in self.manifest["corpus"]
        return LabelledPairs.of(self._reader) if has_pairs else None

    @property
    def texts(self) -> list[str]:
        """Return the raw text of every sequence, or the name of every image."""
        return self._reader.tokens.texts()

    @property
    def target_texts(self) -> list[str] | None:
        """Return the target text of every sequence; None unless the model has a decoder to it."""
        has_targets = "target_text" in layout.text_names(self.manifest)
        return self._reader.tokens.texts("target_text") if has_targets else None

    def row_name(self, layer: int) -> str:
        """Return the name of a layer: L3 or, of an encoder-decoder model, E3, D3 or X3.

        Its rows are encoder heads, decoder heads and cross heads (queries of the target text, keys
        of the source), one after the other.
        """
        self._reader.require_head(HeadId(layer, 0))
        return row_name(self.manifest, layer)

    def vectors(self, layer: int, head: int) -> Vectors:
        """Return queries and keys of one head, as the attention function saw them, before scaling.

        Of a dataset that was built with ``keep_vectors`` "sample", rows of other tokens are NaN.

        Raises
        ------
        HeadOutOfRangeError
            If the model has no such head.
        VectorsNotStoredError
            If the dataset was built with ``keep_vectors`` "none".
        """
        at, reader = HeadId(layer, head), self._reader
        found = []
        for path in (reader.queries_path(at), reader.keys_path(at)):
            with reader.open_vectors(path) as vectors:
                tokens, stored = vectors.block(0, vectors.n_rows)
            whole = np.full((self.n_tokens, stored.shape[1]), np.nan, dtype=np.float32)
            whole[tokens] = stored
            found.append(whole)
        return Vectors(*self._existing(at, *found))

    @property
    def has_vectors(self) -> NDArray[np.bool_]:
        """Return whether queries and keys of each sequence are stored, bool (n_sequences,)."""
        return np.asarray(self._reader.has_vectors())

    def queries(self, layer: int, head: int) -> Floats:
        """Return the queries of one head, float32 (n_tokens, d_head)."""
        return self.vectors(layer, head).queries

    def keys(self, layer: int, head: int) -> Floats:
        """Return the keys of one head, float32 (n_tokens, d_head)."""
        return self.vectors(layer, head).keys

    def pattern(self, layer: int, head: int, sequence: int, weight: str = "none") -> Floats:
        """Return the attention pattern of one sequence.

        Parameters
        ----------
        layer, head, sequence : int
        weight : "none", "value" or "output"
            Norm by which keys are weighted, ‖v‖ or ‖v·W_O‖; rows are normalised again.

        Returns
        -------
        ndarray of float32, shape (n, n)
            [query_pos, key_pos]; ``tokens.text[tokens.sequence == sequence]`` labels both axes.
            0 where the head has no query or key.

        Raises
        ------
        HeadOutOfRangeError, NotFoundError, InvalidRequestError
            If the head, the sequence or the weight does not exist.
        VectorsNotStoredError
            If the dataset was built without the queries and keys of this sequence.
        DamagedDatasetError
            If a vector is not finite.
        """
        return sequence_pattern(self._reader, HeadId(layer, head), sequence, weight)

    def projection(self, layer: int, head: int, method: str, dims: int = 2) -> Points:
        """Return the coordinates of a map of one head, before quantisation to 16 bits.

        Raises
        ------
        HeadOutOfRangeError, MethodNotFoundError
            If the head or the map does not exist.
        """
        name, at = MapName.parse(f"{method}-{dims}d"), HeadId(layer, head)
        steps = self._reader.projection(name, at)
        facts = self._facts(at)["maps"][str(name)]
        drawn = dequantise(steps, facts["offset"], facts["scale"])
        return Points(*self._existing(at, drawn[: self.n_tokens], drawn[self.n_tokens :]))

    def fidelity(self, method: str, dims: int = 2) -> dict[str, NDArray[np.float64]]:
        """Return the fidelity of one map, for every head.

        Returns
        -------
        dict
            ``recall_at_10``, ``recall_at_100``, ``rank_correlation`` and ``trustworthiness``,
            each float64 (n_layers, n_heads); NaN if undefined, in the place of a head that there
            is not, or where an earlier version did not measure it (``recall_at_100``).
        """
        name = MapName.parse(f"{method}-{dims}d")
        self._reader.require_map(name)
        columns = self._reader.head_columns()
        return {measure: self._per_head(columns[f"{name}/{measure}"]) for measure in MEASURES}

    def scores(self) -> HeadScores:
        """Return all scores of all heads, with the number of rows that each is computed from.

        `attentionviz.core.scores.ALL_SCORES` describes each score, with formula and source, also
        those of earlier versions; ``manifest["attentionviz_version"]`` computed the values.
        """
        columns = self._reader.head_columns()
        values = {name: self._per_head(columns[f"{name}/value"]) for name in columns.scores}
        rows = {name: self._per_head(columns[f"{name}/n_rows"]) for name in columns.scores}
        counts = {name: np.nan_to_num(n).astype(np.int64) for name, n in rows.items()}
        return HeadScores(values, counts)

    def show(
        self,
        layer: int | None = None,
        head: int | None = None,
        method: str | None = None,
        dims: int | None = None,
        height_px: int = DEFAULT_HEIGHT_PX,
    ) -> PageCell:
        """Return the page of this dataset, which a notebook displays in the output of a cell.

        Its server, one per data folder, runs in this process and listens on this machine only. If
        the notebook runs on another machine, the page is shown through the proxy of its Jupyter
        server, of Colab or of an editor; without one, the cell explains what to do.

        Parameters
        ----------
        layer, head : int or None
            Both for one head, neither for the grid of all heads.
        method : str or None
            Such as ``attention-tsne``; None for the default of the page.
        dims : 2, 3 or None
        height_px : int
            Height of the frame in CSS pixels.

        Raises
        ------
        HeadOutOfRangeError, MethodNotFoundError, InvalidRequestError
            If the head or the map does not exist.
        """
        if (layer is None) != (head is None):
            raise InvalidRequestError("layer and head belong together; give both or neither")
        if layer is not None and head is not None:
            self._reader.require_head(HeadId(layer, head))
        if method is not None:
            self._reader.require_map(MapName.parse(f"{method}-{dims or 2}d"))
        chosen = {"method": method, "dims": dims, "layer": layer, "head": head}
        parameters = {name: value for name, value in chosen.items() if value is not None}
        query = urlencode({"dataset": self._reader.dataset_id, **parameters})
        return PageCell(page_address(self._library.data_dir), query, height_px)

    def _facts(self, at: HeadId) -> dict[str, Any]:
        return self._reader.head(at)

    def _existing(self, at: HeadId, queries: Floats, keys: Floats) -> tuple[Floats, Floats]:
        """Set what a head does not have to NaN, in place."""
        if self._reader.rule(at).part is None:
            return queries, keys
        spans = self._reader.spans(at)
        queries[~spans.has_query(self.n_tokens)] = np.nan
        keys[~spans.has_key(self.n_tokens)] = np.nan
        return queries, keys

    def _per_head(self, column: NDArray[np.float64]) -> NDArray[np.float64]:
        return by_layer(self.manifest, column, missing=np.nan)  # (layer, head)


def open_dataset(path: str | Path) -> Dataset:
    """Return a built dataset.

    Parameters
    ----------
    path : str or Path
        Its folder (``data/built/demo-bert@…``), the same without the version
        (``data/built/demo-bert``), or its id alone, for the data folder of the settings.

    Raises
    ------
    DatasetNotFoundError
        If there is none.
    NotReadyError
        If it is still being built.
    DamagedDatasetError
        If it does not match its manifest.
    """
    data_dir, name = _location(Path(path))
    dataset_id, version = layout.parse_version_name(name) or (name, None)
    library = DatasetLibrary(data_dir)
    try:
        reader = library.open_dataset(dataset_id, version)
    except DatasetNotFoundError as error:
        known = ", ".join(entry.dataset_id for entry in library.list_datasets()) or "none"
        message = f"there is no dataset {name!r} in {data_dir}; available: {known}"
        raise DatasetNotFoundError(message) from error
    reader.require_complete()
    return Dataset(library, reader)


def _location(path: Path) -> tuple[Path, str]:
    """Return the data folder, and the name of the dataset in it."""
    name = path.name.removesuffix(layout.POINTER_SUFFIX)
    if path.parent == Path() and not path.is_dir():
        return load_settings().data_dir, name
    return path.resolve().parent, name
