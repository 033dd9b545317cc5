"""Descriptions of datasets, their maps and heads, from the files and what follows from them."""

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attentionviz import __version__
from attentionviz.analysis.maps import BEST_MAPS
from attentionviz.core.best_map import best_maps
from attentionviz.core.heads import heads_of
from attentionviz.core.methods import METHOD_FACTS
from attentionviz.core.scores import ALL_SCORES, HEAD_NAMES, NAME_MIN_ROWS, ScoreFacts
from attentionviz.core.types import MEASURES, MapName
from attentionviz.store.dataset import DatasetReader
from attentionviz.store.reader import DatasetEntry

COUNTS = ("n_layers", "n_heads", "n_sequences", "n_tokens")
CORPUS = ("name", "license", "account")
Row = Mapping[str, Any]


def describe_list(entries: Iterable[DatasetEntry]) -> dict[str, Any]:
    """Return a list of datasets, and the descriptions of all projection methods and scores.

    Parameters
    ----------
    entries : iterable of DatasetEntry

    Returns
    -------
    dict
        ``datasets``, a summary each; ``methods`` and ``scores``, in the order of their tables.
    """
    methods = [
        {"name": name, "label": facts.label, "help": facts.help}
        for name, facts in METHOD_FACTS.items()
    ]
    scores = [
        {"name": name, **_on_screen(facts), "head_name": _head_name(name)}
        for name, facts in ALL_SCORES.items()
    ]
    datasets = [_summary(entry) for entry in entries]
    return {"datasets": datasets, "methods": methods, "scores": scores}


def _on_screen(facts: ScoreFacts) -> dict[str, Any]:
    """Return what the page shows of a score, without the conditions for having it."""
    conditions = ("terms", "needs_pairs")
    return {name: value for name, value in facts._asdict().items() if name not in conditions}


def describe_dataset(reader: DatasetReader) -> dict[str, Any]:
    """Describe a dataset whose capture is complete.

    Returns
    -------
    dict
        ``id``, ``state``, ``version``, ``manifest`` without its list of files, and ``progress``
        of its build; of each map by its name ``maps_ready``, how many heads have it, and
        ``nearness``: whether a key is near a query by their distance or by their product;
        ``best_maps``, as of a head, by the mean over the heads; None while a build runs.
    """
    names = [MapName.parse(name) for name in reader.manifest["maps"]]
    return {
        "id": reader.dataset_id,
        "state": reader.state,
        "version": reader.version,
        "manifest": reader.manifest,
        "maps_ready": {str(name): int(reader.ready(name).sum()) for name in names},
        "nearness": {str(name): METHOD_FACTS[name.method].nearness for name in names},
        "best_maps": _best_map(_mean_facts(reader.manifest)),
        "progress": reader.progress,
    }


def describe_begun(entry: DatasetEntry) -> dict[str, Any]:
    """Describe a dataset whose vectors are still being captured; same keys as above."""
    return {
        "id": entry.dataset_id,
        "state": entry.state,
        "version": entry.version,
        "manifest": None,
        "maps_ready": {},
        "nearness": {},
        "best_maps": _best_map({}),
        "progress": entry.progress,
    }


def describe_heads(reader: DatasetReader) -> dict[str, Any]:
    """Return what grid and tables show of all heads, as columns of one value per head.

    Returns
    -------
    dict
        ``layer``, ``head`` and ``alignment_scale``; ``scores`` and ``maps``, columns by name; and
        ``best_maps``, the best map of so many dimensions by the name of the choice, such as
        ``best-2d``. What only an open head shows is of `describe_head`.
    """
    columns = reader.head_columns()
    return {
        "layer": [head.layer for head in columns.heads],
        "head": [head.head for head in columns.heads],
        "alignment_scale": _with_nulls(columns["alignment_scale"]),
        "scores": {
            name: {
                "value": _with_nulls(columns[f"{name}/value"]),
                "n_rows": _with_nulls(columns[f"{name}/n_rows"], int),
            }
            for name in columns.scores
        },
        "maps": {
            name: {
                "is_ready": columns.is_ready(name).tolist(),
                **{key: _with_nulls(columns[f"{name}/{key}"]) for key in MEASURES},
                "fallback": columns.fallback(name),
            }
            for name in columns.maps
        },
        "best_maps": _best_maps(columns.recall(), len(columns.heads)),
    }


def describe_head(facts: Row) -> dict[str, Any]:
    """Return the facts of one head, and its ``best_maps``."""
    return {**facts, "best_maps": _best_map(facts["maps"])}


def heads_fingerprint(reader: DatasetReader) -> str:
    """Return a fingerprint that changes when `describe_heads` or `describe_head` does."""
    return reader.fingerprint(__version__, reader.heads_fingerprint(), files=())


def _mean_facts(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts that each map has on average over the heads: none before publication."""
    means = manifest.get("fidelity", {})
    return {name: {"fidelity": fidelity} for name, fidelity in means.items()}


def _with_nulls(column: NDArray[np.float64], kind: type = float) -> list[Any]:
    return [None if math.isnan(value) else kind(value) for value in column.tolist()]


def _best_maps(recall: Mapping[str, Any], n_heads: int) -> dict[str, list[str | None]]:
    found = {choice: best_maps(recall, dims, n_heads) for choice, dims in BEST_MAPS.items()}
    return {
        choice: [None if name is None else str(name) for name in names]
        for choice, names in found.items()
    }


def _best_map(maps: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the best maps by the facts of one head, or by means over heads."""
    recall = {name: [facts["fidelity"]["recall_at_10"]] for name, facts in maps.items()}
    return {choice: names[0] for choice, names in _best_maps(recall, 1).items()}


def _head_name(score: str) -> dict[str, Any] | None:
    named = HEAD_NAMES.get(score)
    return {**named._asdict(), "min_rows": NAME_MIN_ROWS} if named else None


def _summary(entry: DatasetEntry) -> dict[str, Any]:
    manifest = entry.manifest or {}
    model, corpus = manifest.get("model"), manifest.get("corpus")
    return {
        "id": entry.dataset_id,
        "state": entry.state,
        "version": entry.version,
        "model": model,
        "modality": model["modality"] if model else None,
        "corpus": {name: corpus.get(name) for name in CORPUS} if corpus else None,
        "maps": sorted(manifest["maps"]) if "maps" in manifest else None,
        "n_bytes": entry.n_bytes,
        "published_at": _utc(entry.published),
        **{name: manifest.get(name) for name in COUNTS},
        "n_heads_total": len(heads_of(manifest)) if manifest else None,
        "progress": entry.progress,
        "reason": entry.reason,
    }


def _utc(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
