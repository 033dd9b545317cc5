"""Text report on a dataset, its fidelity and its head scores."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.heads import heads_of, layers_of
from attentionviz.core.rule import attention_formula, row_name
from attentionviz.core.scores import ALL_SCORES
from attentionviz.core.terminal import visible
from attentionviz.core.types import HeadId
from attentionviz.errors import AppError
from attentionviz.pipeline.corpora.account import Account
from attentionviz.store import layout
from attentionviz.store.building import KILLED, build_state, read_progress
from attentionviz.store.folders import unfinished_builds
from attentionviz.store.head_facts import HeadColumns
from attentionviz.store.kept_vectors import lost_without_vectors
from attentionviz.store.reader import DatasetEntry, DatasetLibrary
from attentionviz.store.verify import ignored, verify, verify_pointer

N_HIGHEST = 3
N_NAMED = 5
MEASURES = {
    "recall_at_10": "recall@10",
    "recall_at_100": "recall@100",
    "rank_correlation": "rank correlation",
    "trustworthiness": "trustworthiness",
}


def description(library: DatasetLibrary, entry: DatasetEntry, *, with_scores: bool = False) -> str:
    """Return a description of one dataset; if it cannot be read, the reason.

    Parameters
    ----------
    library : DatasetLibrary
    entry : DatasetEntry
        A dataset of the library.
    with_scores : bool
        Also list the heads with the highest scores.
    """
    head = [f"{entry.dataset_id}  {entry.state}  {entry.version}"]
    if entry.state == "building" and entry.manifest is None:
        head.append((entry.progress or {}).get("message", "starting"))
    elif entry.reason is not None:
        head.append(entry.reason)
    head += _unfinished(library.data_dir, entry)
    title = "\n  ".join([head[0], *map(visible, head[1:])])
    if entry.state in ("damaged", "outdated") or entry.manifest is None:
        return title
    try:
        heads = library.open_dataset(entry.dataset_id).head_columns()
    except AppError as error:
        return f"{title}\n  {visible(str(error))}"
    tables = [fidelity_table(entry.manifest, heads)]
    if with_scores:
        tables.append(score_table(entry.manifest, heads))
    facts = "\n".join([summary(entry.manifest), *terms_of_heads(entry.manifest, heads)])
    return "\n\n".join([f"{title}\n{facts}", *tables])


def _unfinished(data_dir: Path, entry: DatasetEntry) -> list[str]:
    """Return advice on each build of a dataset that is not running."""
    lines = []
    for folder in unfinished_builds(data_dir, entry.dataset_id):
        progress = read_progress(folder)
        state = build_state(folder, progress)
        if state == "building":
            continue
        message = str((progress or KILLED)["message"])
        if folder != entry.folder:
            lines.append(f"another build of it {state}: {message}")
        is_advised = state == "stopped" or "same command" in message
        advice = "" if is_advised else "correct that and run the same command again; "
        lines.append(f"{advice}to discard it, remove {folder}")
    return lines


def summary(manifest: Mapping[str, Any]) -> str:
    """Return the properties of a dataset, one per line.

    Parameters
    ----------
    manifest : mapping
        Of a dataset, finished or not.
    """
    model, corpus = manifest["model"], manifest["corpus"]
    rows = {
        "model": f"{model['name']} ({model['architecture']}, {model['source']}, "
        f"{model.get('dtype', 'float32')}, licence {model['license'] or 'unknown'})",
        "heads": f"{manifest['n_layers']} layers x {manifest['n_heads']} heads, "
        f"{manifest['n_key_heads']} key heads, size {manifest['d_head']}{_unequal(manifest)}",
        "corpus": f"{corpus['name']} (licence {corpus['license'] or 'unknown'})",
        **_corpus_rows(manifest),
        **_pair_rows(manifest),
        "tokens": f"{manifest['n_tokens']:,}, {2 * manifest['n_tokens']:,} points a map",
        "precision": manifest["precision"],
        **_kept_rows(manifest),
        "seed": str(manifest["seed"]),
        **_device_rows(manifest),
        **_attention_rows(manifest),
        "not q·k": ", ".join(manifest["bias_terms"]) or "nothing",
    }
    width = max(map(len, rows))
    return "\n".join(f"  {name:<{width}}  {visible(words)}" for name, words in rows.items())


def _unequal(manifest: Mapping[str, Any]) -> str:
    """Return how many heads there are where layers differ, and why some have none."""
    layers = layers_of(manifest)
    if len(set(layers)) == 1:
        return ""
    absent = Counter(heads.absent for heads in layers if heads.absent)
    reasons = "".join(f", {n} layer{'s' * (n > 1)} {reason}" for reason, n in absent.items())
    return f" at most; {len(heads_of(manifest))} heads in all{reasons}"


def _pair_rows(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return the counts of labelled pairs; nothing for a dataset without them."""
    pairs = manifest["corpus"].get("pairs")
    if pairs is None:
        return {}
    reasons = ", ".join(f"{part['n']:,} {part['reason']}" for part in pairs["left_out"])
    rest = f"; left out: {reasons}" if reasons else ""
    return {"pairs": f"{pairs['n_taken']:,} of {pairs['n_read']:,} in {pairs['file']}{rest}"}


def _kept_rows(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return what the dataset cannot show because of ``keep_vectors``; nothing if all is kept."""
    lost = lost_without_vectors(manifest)
    return {"vectors": lost} if lost else {}


def _device_rows(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return which maps were computed on a GPU; nothing if none were."""
    maps = manifest["maps"]
    found = {
        n: maps[n]["device"] for n in sorted(maps, key=_order(manifest)) if "device" in maps[n]
    }
    names = f"{', '.join(found)} computed on {', '.join(sorted(set(found.values())))}"
    return {"maps": names} if found else {}


def _corpus_rows(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return the counts of the corpus; format 2 has no account of the file."""
    corpus = manifest["corpus"]
    if "account" in corpus:
        account = Account.of(corpus["account"])
        notes = {"found": "; ".join(account.notes)} if account.notes else {}
        return {**notes, "sequences": account.summary()}
    n_cut = corpus["n_sequences_cut"]
    cut = f", {n_cut:,} cut at the model's longest length" if n_cut else ""
    return {"sequences": f"{manifest['n_sequences']:,} of {corpus['n_sequences']:,}{cut}"}


def _attention_rows(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return the results of the attention check; format 2 has none in float64."""
    check, formula = manifest["attention_check"], attention_formula(manifest["bias_terms"])
    keys = [key for key in check if key.endswith("n_sequences")]
    n = {key: f"{check[key]} sequence{'' if check[key] == 1 else 's'}" for key in keys}
    stored = f"within {check['max_abs_error']:.1e} of the model's usual run"
    if "exact_max_abs_error" not in check:
        return {"attention": f"{stored} ({n['n_sequences']})"}
    return {
        "attention": f"{formula}: within {check['exact_max_abs_error']:.1e} of the "
        f"model's own in float64 ({n['exact_n_sequences']})",
        "as stored": f"{stored} ({_layer_name(manifest, check['worst_layer'])}, "
        f"head {check['worst_head']}; {n['n_sequences']})",
    }


def fidelity_table(manifest: Mapping[str, Any], heads: HeadColumns) -> str:
    """Return the fidelity of every map over the heads: mean (minimum to maximum).

    Parameters
    ----------
    manifest : mapping
    heads : HeadColumns
        While a build runs, heads may lack maps.
    """
    header = ("map", "heads", *MEASURES.values(), "fallbacks")
    rows = [header]
    for name in sorted(manifest["maps"], key=_order(manifest)):
        cells = [_spread(heads[f"{name}/{key}"]) for key in MEASURES]
        n_maps = heads.is_ready(name).sum()
        n_fallbacks = (heads[f"{name}/fallback"] >= 0).sum()
        rows.append((name, str(n_maps), *cells, str(n_fallbacks or "-")))
    vectors = _spread(heads["vector_rank_correlation"])
    cells = [vectors if key == "rank_correlation" else "-" for key in MEASURES]
    rows.append(("(vectors)", str(len(heads.heads)), *cells, "-"))
    return _aligned(rows)


def terms_of_heads(manifest: Mapping[str, Any], heads: HeadColumns) -> list[str]:
    """Return what the terms besides q·k do in each head, a line a layer; none without such terms.

    Parameters
    ----------
    manifest : mapping
    heads : HeadColumns
        While a build runs, heads may lack scores.
    """
    lines = []
    for name, facts in ALL_SCORES.items():
        if not facts.terms or name not in manifest["scores"]:
            continue
        lines.append(f"  {facts.label.lower()}, % by head:")
        for layer in range(manifest["n_layers"]):
            own = [head.layer == layer for head in heads.heads]
            values = heads[f"{name}/value"][own]
            cells = ["  -" if np.isnan(value) else f"{100 * value:3.0f}" for value in values]
            lines.append(f"    {_layer_name(manifest, layer):<10}{' '.join(cells)}")
    return lines


def _layer_name(manifest: Mapping[str, Any], layer: int) -> str:
    """Return "layer 3" or, of an encoder-decoder model, the name of the row, such as "X3"."""
    has_parts = "part" in manifest["layers"][layer]
    return row_name(manifest, layer) if has_parts else f"layer {layer}"


def _head_name(manifest: Mapping[str, Any], at: HeadId) -> str:
    has_parts = "part" in manifest["layers"][at.layer]
    return f"{row_name(manifest, at.layer)}H{at.head}" if has_parts else at.folder


def score_table(manifest: Mapping[str, Any], heads: HeadColumns) -> str:
    """Return for each score its source, number of rows, and the highest and lowest heads.

    Parameters
    ----------
    manifest : mapping
    heads : HeadColumns
        While a build runs, heads may lack scores. Scores without
        any value are left out.
    """
    rows = [
        ("score", "source", "unit", "rows", *(f"{n}." for n in range(1, N_HIGHEST + 1)), "lowest")
    ]
    for name in manifest["scores"]:
        values, n_rows = heads[f"{name}/value"], heads[f"{name}/n_rows"]
        scored = np.flatnonzero(~np.isnan(values))
        if not scored.size:
            continue
        fewest, most = int(n_rows[scored].min()), int(n_rows[scored].max())
        span = f"{fewest:,}" if fewest == most else f"{fewest:,} to {most:,}"
        falling = scored[np.argsort(-values[scored], kind="stable")]
        named = [
            f"{_head_name(manifest, heads.heads[i])} {values[i]:.3f}"
            for i in (*falling[:N_HIGHEST], falling[-1])
        ]
        highest = [*named[:-1], *["-"] * (N_HIGHEST + 1 - len(named))]
        facts = ALL_SCORES.get(name)
        source, unit = (facts.defined_by, facts.unit) if facts else ("-", "-")
        if facts and facts.until:
            source += f", until {facts.until}"
        rows.append((name, source, unit, span, *highest, named[-1]))
    lines = [
        _aligned(rows),
        f"  computed by AttentionViz {visible(manifest['attentionviz_version'])}",
    ]
    for words, probe in (("our own probe", "probe"), ("prefix matching", "prefix_probe")):
        reason = manifest.get(probe, {}).get("reason")
        if reason:
            lines.append(f"  {words} was not run: {visible(reason)}")
    return "\n".join(lines)


def verification(data_dir: Path, entry: DatasetEntry) -> tuple[str, bool]:
    """Return a report on the files of a dataset, and whether they are intact.

    Parameters
    ----------
    data_dir : Path
    entry : DatasetEntry
        An unfinished build counts as intact, since it verifies its own files when it resumes.
    """
    name = entry.dataset_id
    if entry.state == "building":
        return f"{name}: is being built", True
    if entry.state in ("failed", "stopped"):
        return f"{name}: is not built ({entry.state}: {visible(entry.reason or '')})", True
    if entry.state == "outdated":
        return f"{name}: {visible(entry.reason or '')}", False
    folder = layout.dataset_folder(data_dir, name, entry.version) if entry.version else None
    problems = (verify(folder) if folder else []) + verify_pointer(data_dir, name)
    words = f"{len(problems)} problems" if problems else "whole"
    lines = [f"{name}: {words}", *map(visible, map(str, problems))]
    if folder and (passed_over := ignored(folder)):
        more = len(passed_over) - N_NAMED
        named = ", ".join(map(visible, passed_over[:N_NAMED]))
        lines.append(f"ignored: {named}" + (f" and {more} more" if more > 0 else ""))
    return "\n  ".join(lines), not problems


def _order(manifest: Mapping[str, Any]) -> Any:
    def key(name: str) -> tuple[int, str]:
        return manifest["maps"][name]["dims"], name

    return key


def _spread(values: NDArray[np.float64]) -> str:
    defined = values[~np.isnan(values)]
    if not defined.size:
        return "-"
    return f"{defined.mean():5.2f} ({defined.min():5.2f} to {defined.max():5.2f})"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  "
        + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    lines.insert(1, "  " + "  ".join("-" * width for width in widths))
    return "\n".join(lines)
