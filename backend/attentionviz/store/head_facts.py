"""Facts of the heads: columns of one number per head, and what only an open head shows.

`HeadColumns` is what grid, tables and reports need of all heads. The details of a head are a line
of ``heads/details.jsonl``, which is read alone. Formats 2 and 3 have all facts of all heads in
``heads.json``; `former_head_files` converts it.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.heads import heads_of
from attentionviz.core.types import MEASURES
from attentionviz.errors import DamagedDatasetError
from attentionviz.store import layout
from attentionviz.store.columns import parse_json
from attentionviz.store.manifest import LATER_MEASURES
from attentionviz.store.schema import canonical_json

_OF_MAP = ("offset", "scale", "details")
_PROFILE = ("offsets", "weights", "n_rows")
_NO_FALLBACK = -1
Column = NDArray[np.float64]


class HeadColumns:
    """Numbers of all heads, float64 (n_heads_total,) each; NaN if undefined or not computed yet.

    Parameters
    ----------
    manifest : mapping
        Finished or partial.
    values : ndarray of float64, shape (n_columns, n_heads_total)
        In the order of `layout.head_columns`.
    fallbacks : sequence of str
        Distinct reasons why another method than requested was used.

    Raises
    ------
    DamagedDatasetError
        If a value is outside its range.
    """

    def __init__(
        self, manifest: Mapping[str, Any], values: Column, fallbacks: Sequence[str]
    ) -> None:
        self.heads = heads_of(manifest)
        self.maps: list[str] = sorted(manifest["maps"])
        self.scores: list[str] = manifest["scores"]
        self.values = values
        self.fallbacks = fallbacks
        self._row = {name: i for i, name in enumerate(layout.head_columns(manifest))}
        self._check()

    @classmethod
    def of(cls, manifest: Mapping[str, Any], heads: Sequence[Mapping[str, Any]]) -> "HeadColumns":
        """Return the columns of heads with all their facts; some may lack maps or scores."""
        reasons: dict[str, int] = {}
        columns: dict[str, list[float | None]] = {
            name: [head[name] for head in heads] for name in layout.OF_VECTORS
        }
        for name in sorted(manifest["maps"]):
            maps = [head["maps"].get(name) for head in heads]
            columns[f"{name}/fallback"] = [one and _code(one["fallback"], reasons) for one in maps]
            for key in MEASURES:
                columns[f"{name}/{key}"] = [one and one["fidelity"].get(key) for one in maps]
        for name in manifest["scores"]:
            scores = [head["scores"].get(name) for head in heads]
            for part in layout.OF_SCORE:
                columns[f"{name}/{part}"] = [score and score[part] for score in scores]
        rows = [columns[name] for name in layout.head_columns(manifest)]
        return cls(manifest, np.array(rows, dtype=np.float64), list(reasons))

    def _check(self) -> None:
        whole: dict[str, tuple[float, float]] = {
            f"{name}/n_rows": (0, math.inf) for name in self.scores
        }
        whole |= {f"{name}/fallback": (_NO_FALLBACK, len(self.fallbacks) - 1) for name in self.maps}
        for name, i in self._row.items():
            column, (least, most) = self.values[i], whole.get(name, (-math.inf, math.inf))
            is_wrong = np.isinf(column) | (column < least) | (column > most)
            if name in whole:
                is_wrong |= column % 1 > 0
            if is_wrong.any():
                raise DamagedDatasetError(f"{layout.HEAD_COLUMNS}: {name} has an invalid value")

    def __getitem__(self, name: str) -> Column:
        """Return a column of `layout.head_columns`."""
        return self.values[self._row[name]]

    def is_ready(self, name: str) -> NDArray[np.bool_]:
        """Return which heads have a map, bool (n_heads_total,)."""
        return ~np.isnan(self[f"{name}/fallback"])

    def fallback(self, name: str) -> list[str | None]:
        """Return why a map is of another method than requested; None where it is not."""
        return [self._reason(code) for code in self[f"{name}/fallback"].tolist()]

    def _reason(self, code: float) -> str | None:
        return self.fallbacks[int(code)] if code >= 0 else None

    def recall(self) -> dict[str, Column]:
        """Return recall@10 of each map; −inf where a head has no such map yet."""
        return {
            name: np.where(self.is_ready(name), self[f"{name}/recall_at_10"], -np.inf)
            for name in self.maps
        }

    def facts(self, i: int) -> dict[str, Any]:
        """Return what is known of the head with this number, layer by layer."""
        head = self.heads[i]
        return {
            "layer": head.layer,
            "head": head.head,
            **{name: self._one(name, i) for name in layout.OF_VECTORS},
            "maps": {
                name: {
                    "fidelity": {key: self._one(f"{name}/{key}", i) for key in MEASURES},
                    "fallback": self._reason(self[f"{name}/fallback"][i]),
                }
                for name in self.maps
                if not math.isnan(self[f"{name}/fallback"][i])
            },
            "scores": {
                name: {
                    "value": self._one(f"{name}/value", i),
                    "n_rows": int(self[f"{name}/n_rows"][i]),
                }
                for name in self.scores
                if not math.isnan(self[f"{name}/n_rows"][i])
            },
        }

    def _one(self, name: str, i: int) -> float | None:
        value = float(self[name][i])
        return None if math.isnan(value) else value


def _code(reason: str | None, reasons: dict[str, int]) -> int:
    return _NO_FALLBACK if reason is None else reasons.setdefault(reason, len(reasons))


class HeadFiles(NamedTuple):
    """The content of the files of `layout.head_fact_files`."""

    columns: HeadColumns
    details: list[bytes]

    @classmethod
    def of(cls, manifest: Mapping[str, Any], heads: Sequence[Mapping[str, Any]]) -> "HeadFiles":
        """Return the files of finished heads with all their facts."""
        return cls(HeadColumns.of(manifest, heads), [_details(head) for head in heads])

    def contents(self) -> dict[str, NDArray[Any] | bytes]:
        """Return an array, or the bytes of another file, by path."""
        ends = np.cumsum([len(line) for line in self.details]).astype(np.int32)
        return {
            layout.HEAD_COLUMNS: self.columns.values,
            layout.FALLBACKS: canonical_json(list(self.columns.fallbacks), is_compact=True),
            layout.HEAD_DETAILS: b"".join(self.details),
            layout.HEAD_DETAILS_END: ends,
        }

    @property
    def n_bytes(self) -> int:
        """Return about the size in memory."""
        return self.columns.values.nbytes + sum(len(line) + 50 for line in self.details)


def _details(head: Mapping[str, Any]) -> bytes:
    maps = {name: {key: facts[key] for key in _OF_MAP} for name, facts in head["maps"].items()}
    return canonical_json({"maps": maps, "profile": head["profile"]}, is_compact=True)


def parse_fallbacks(content: bytes) -> list[str]:
    """Return the texts of ``heads/fallbacks.json``; DamagedDatasetError if it has others."""
    texts = parse_json(content, layout.FALLBACKS)
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise DamagedDatasetError(f"{layout.FALLBACKS} must be a list of texts")
    return texts


def check_ends(ends: NDArray[Any], n_bytes: int) -> None:
    """Raise DamagedDatasetError unless the lines of ``heads/details.jsonl`` fill it."""
    starts = np.concatenate([[0], ends[:-1]])
    if (ends <= starts).any() or ends[-1] != n_bytes:
        raise DamagedDatasetError(
            f"{layout.HEAD_DETAILS_END} does not divide the {n_bytes} bytes of the details"
        )


def parse_details(content: bytes, manifest: Mapping[str, Any], folder: str) -> dict[str, Any]:
    """Return the details of one head: ``maps`` with offset, scale and details, and ``profile``.

    Parameters
    ----------
    content : bytes
        A line of ``heads/details.jsonl``.
    manifest : mapping
    folder : str
        Of the head, which an error names.
    """
    facts = parse_json(content, layout.HEAD_DETAILS)
    if not (isinstance(facts, dict) and _has_maps(facts, manifest) and _has_profile(facts)):
        raise DamagedDatasetError(f"{layout.HEAD_DETAILS} does not describe head {folder}")
    try:
        canonical_json(facts)  # refuses infinity, which JSON can spell as 1e999
    except ValueError as error:
        raise DamagedDatasetError(f"{layout.HEAD_DETAILS}: {folder} has {error}") from error
    return facts


def head_facts(columns: HeadColumns, i: int, details: Mapping[str, Any]) -> dict[str, Any]:
    """Return all facts of one head, from the columns and its details."""
    facts = columns.facts(i)
    maps = {name: {**details["maps"][name], **one} for name, one in facts["maps"].items()}
    return {**facts, "maps": maps, "profile": details["profile"]}


def parse_heads(content: bytes, manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the facts of every head of a ``heads.json``.

    Raises
    ------
    DamagedDatasetError
        If it does not describe every map and score of every head.
    """
    document, expected = parse_json(content, layout.HEADS), heads_of(manifest)
    heads = document.get("heads") if isinstance(document, dict) else None
    if not isinstance(heads, list) or len(heads) != len(expected):
        raise DamagedDatasetError(f"{layout.HEADS} does not list {len(expected)} heads")
    for head, facts in zip(expected, heads, strict=True):
        fits = (
            isinstance(facts, dict)
            and (facts.get("layer"), facts.get("head")) == head
            and _has_maps(facts, manifest)
            and all(isinstance(one.get("fidelity"), dict) for one in facts["maps"].values())
        )
        if not fits:
            raise DamagedDatasetError(f"{layout.HEADS} does not describe head {head.folder}")
        if not (_has_scores(facts, manifest["scores"]) and _has_profile(facts)):
            raise DamagedDatasetError(f"{layout.HEADS}: scores of head {head.folder} are invalid")
        add_later_measures(facts)
    return heads


def former_head_files(content: bytes, manifest: Mapping[str, Any]) -> HeadFiles:
    """Return a ``heads.json`` in the form of the present format; raises as `parse_heads`."""
    heads = parse_heads(content, manifest)
    try:
        return HeadFiles.of(manifest, heads)
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise DamagedDatasetError(f"{layout.HEADS} has an invalid value: {error}") from error


def add_later_measures(facts: dict[str, Any]) -> None:
    """Set measures of the maps of a head that an earlier version did not have to None."""
    for one in facts["maps"].values():
        one["fidelity"] = LATER_MEASURES | one["fidelity"]


def _has_maps(facts: Mapping[str, Any], manifest: Mapping[str, Any]) -> bool:
    maps = facts.get("maps")
    return (
        isinstance(maps, dict)
        and maps.keys() == manifest["maps"].keys()
        and all(isinstance(one, dict) and one.keys() >= set(_OF_MAP) for one in maps.values())
    )


def _has_scores(facts: Mapping[str, Any], names: list[str]) -> bool:
    scores = facts.get("scores")
    return (
        isinstance(scores, dict)
        and scores.keys() == set(names)
        and all(_is_score(score) for score in scores.values())
    )


def _is_score(score: Any) -> bool:
    if not isinstance(score, dict) or score.keys() != set(layout.OF_SCORE):
        return False
    value, n_rows = score["value"], score["n_rows"]
    is_number = type(value) in (int, float) and math.isfinite(value)
    return (value is None or is_number) and type(n_rows) is int and n_rows >= 0


def _has_profile(facts: Mapping[str, Any]) -> bool:
    """Return whether a head has a profile of columns of equal length."""
    profile = facts.get("profile")
    columns = [profile.get(name) for name in _PROFILE] if isinstance(profile, dict) else [None]
    return (
        all(isinstance(column, list) for column in columns)
        and len({len(column) for column in columns if column is not None}) == 1
    )
