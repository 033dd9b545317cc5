"""What a dataset is, and how true its maps are, as text for a terminal."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attentionviz.errors import AppError
from attentionviz.store.reader import DatasetEntry, DatasetLibrary

MEASURES = {
    "recall_at_10": "recall@10",
    "rank_correlation": "rank correlation",
    "trustworthiness": "trustworthiness",
}


def description(library: DatasetLibrary, entry: DatasetEntry) -> str:
    """Return all that is known of one dataset; of one that cannot be read, why.

    Parameters
    ----------
    library : DatasetLibrary
    entry : DatasetEntry
        One of its datasets.
    """
    title = f"{entry.dataset_id}  {entry.state}  {entry.version}"
    if entry.state == "damaged" or entry.manifest is None:
        return f"{title}\n  {entry.reason or (entry.progress or {}).get('message', 'starting')}"
    try:
        heads = library.open_dataset(entry.dataset_id).heads()
    except AppError as error:
        return f"{title}\n  {error}"
    return f"{title}\n{summary(entry.manifest)}\n\n{fidelity_table(entry.manifest, heads)}"


def summary(manifest: Mapping[str, Any]) -> str:
    """Return what a dataset was made of, one fact a line.

    Parameters
    ----------
    manifest : mapping
        Of a dataset, finished or not.
    """
    model, corpus, check = (manifest[key] for key in ("model", "corpus", "attention_check"))
    n_cut = corpus.get("n_sequences_cut", 0)
    rows = {
        "model": f"{model['name']} ({model['architecture']}, {model['source']}, "
        f"licence {model['license'] or 'unknown'})",
        "heads": f"{manifest['n_layers']} layers x {manifest['n_heads']} heads, "
        f"{manifest['n_key_heads']} key heads, size {manifest['d_head']}",
        "corpus": f"{corpus['name']} (licence {corpus['license'] or 'unknown'})",
        "sequences": f"{manifest['n_sequences']:,} of {corpus.get('n_sequences', 0):,}"
        + (f", {n_cut:,} cut at the model's longest length" if n_cut else ""),
        "tokens": f"{manifest['n_tokens']:,}, {2 * manifest['n_tokens']:,} points a map",
        "precision": manifest["precision"],
        "seed": str(manifest["seed"]),
        "attention": f"within {check['max_abs_error']:.1e} of the model's own "
        f"(allowed {check['tolerance']:.0e}, {check['n_sequences']} sequences)",
        "not q·k": ", ".join(manifest["bias_terms"]) or "nothing",
    }
    width = max(map(len, rows))
    return "\n".join(f"  {name:<{width}}  {words}" for name, words in rows.items())


def fidelity_table(manifest: Mapping[str, Any], heads: Sequence[Mapping[str, Any]]) -> str:
    """Return the fidelity of every map over the heads: mean (least to largest).

    Parameters
    ----------
    manifest : mapping
    heads : sequence of mapping
        The entries of ``heads.json``; while a build runs, heads may lack maps.
    """
    header = ("map", "heads", *MEASURES.values(), "fallbacks")
    rows = [header]
    for name in sorted(manifest["maps"], key=_order(manifest)):
        found = [head["maps"][name] for head in heads if name in head["maps"]]
        cells = [_spread(entry["fidelity"][key] for entry in found) for key in MEASURES]
        n_fallbacks = sum(1 for entry in found if entry["fallback"])
        rows.append((name, str(len(found)), *cells, str(n_fallbacks) if n_fallbacks else "-"))
    vectors = _spread(head["vector_rank_correlation"] for head in heads)
    rows.append(("(vectors)", str(len(heads)), "-", vectors, "-", "-"))
    return _aligned(rows)


def _order(manifest: Mapping[str, Any]) -> Any:
    def key(name: str) -> tuple[int, str]:
        return manifest["maps"][name]["dims"], name

    return key


def _spread(values: Iterable[float | None]) -> str:
    defined = [value for value in values if value is not None]
    if not defined:
        return "-"
    mean = sum(defined) / len(defined)
    return f"{mean:5.2f} ({min(defined):5.2f} to {max(defined):5.2f})"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  "
        + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    lines.insert(1, "  " + "  ".join("-" * width for width in widths))
    return "\n".join(lines)
