"""Descriptions of datasets, their maps and heads, from the files and what follows from them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from attentionviz import __version__
from attentionviz.analysis.maps import BEST_MAPS
from attentionviz.core.best_map import best_map
from attentionviz.core.heads import heads_of
from attentionviz.core.methods import METHOD_FACTS
from attentionviz.core.scores import ALL_SCORES, HEAD_NAMES, NAME_MIN_ROWS, ScoreFacts
from attentionviz.core.types import MapName
from attentionviz.store.dataset import DatasetReader
from attentionviz.store.manifest import Fidelity
from attentionviz.store.reader import DatasetEntry

COUNTS = ("n_layers", "n_heads", "n_sequences", "n_tokens")
MEASURES = tuple(Fidelity.__annotations__)
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
        "best_maps": _best_maps(_mean_facts(reader.manifest)),
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
        "best_maps": _best_maps({}),
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
    heads = reader.heads()
    best = [_best_maps(head["maps"]) for head in heads]
    return {
        **{name: [head[name] for head in heads] for name in ("layer", "head", "alignment_scale")},
        "scores": {
            name: _columns([head["scores"].get(name) for head in heads], ("value", "n_rows"))
            for name in reader.manifest["scores"]
        },
        "maps": {
            name: _map_columns([head["maps"].get(name) for head in heads])
            for name in reader.manifest["maps"]
        },
        "best_maps": _columns(best, tuple(BEST_MAPS)),
    }


def describe_head(facts: Row) -> dict[str, Any]:
    """Return the facts of one head of ``heads.json``, and its ``best_maps``."""
    return {**facts, "best_maps": _best_maps(facts["maps"])}


def heads_fingerprint(reader: DatasetReader) -> str:
    """Return a fingerprint that changes when `describe_heads` or `describe_head` does."""
    return reader.fingerprint(__version__, reader.heads_fingerprint(), files=())


def _mean_facts(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts that each map has on average over the heads: none before publication."""
    means = manifest.get("fidelity", {})
    return {name: {"fidelity": fidelity} for name, fidelity in means.items()}


def _columns(rows: Sequence[Row | None], names: Sequence[str]) -> dict[str, list[Any]]:
    return {name: [row and row[name] for row in rows] for name in names}


def _map_columns(maps: Sequence[Row | None]) -> dict[str, list[Any]]:
    return {
        "is_ready": [facts is not None for facts in maps],
        **_columns([facts and facts["fidelity"] for facts in maps], MEASURES),
        **_columns(maps, ("fallback",)),
    }


def _best_maps(maps: dict[str, Any]) -> dict[str, str | None]:
    found = {choice: best_map(maps, dims) for choice, dims in BEST_MAPS.items()}
    return {choice: None if name is None else str(name) for choice, name in found.items()}


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
