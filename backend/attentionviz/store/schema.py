"""The manifest: its canonical bytes, and the checks that types cannot express."""

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from pydantic import ValidationError

from attentionviz.core.heads import largest_sizes, layers_of
from attentionviz.core.types import WITH_IMAGES, MapName
from attentionviz.errors import DamagedDatasetError, OutdatedDatasetError
from attentionviz.store import layout
from attentionviz.store.columns import parse_json
from attentionviz.store.manifest import (
    EXACT_CHECK,
    LATER_MEASURES,
    FormerManifest,
    Manifest,
    PartialManifest,
    adapter,
    first_problem,
)

SCHEMA_VERSION = 4
FORMER_VERSIONS = (2, 3)
READABLE_VERSIONS = (*FORMER_VERSIONS, SCHEMA_VERSION)
"""Format 2 has no ``corpus.account``, no ``prefix_probe`` and no float64 attention check; formats 2
and 3 have ``tokens.json`` in place of a file for each column, no ``keep_vectors``, no
``recall_at_100``, list every file in the manifest, and have the distances of all pairs of heads,
however many."""

MAX_MANIFEST_BYTES = 256 * 1024 * 1024
MAX_FILES = 1 << 22


def canonical_json(document: object, *, is_compact: bool = False) -> bytes:
    """Return the canonical JSON of a value, as all JSON files of a dataset are written.

    Keys sorted, one space of indent or no space at all, UTF-8, a final line feed; NaN and infinity
    raise ValueError, since JSON has neither.
    """
    form: dict[str, Any] = {"separators": (",", ":")} if is_compact else {"indent": 1}
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, allow_nan=False, **form)
    return (text + "\n").encode()


def parse_manifest(content: bytes, *, is_partial: bool = False) -> dict[str, Any]:
    """Return a manifest parsed from untrusted bytes.

    Parameters
    ----------
    content : bytes
        Of the file; at most 256 MiB.
    is_partial : bool
        Whether it is the manifest of a build in progress, without ``files``,
        ``fidelity`` and ``similarity``.

    Returns
    -------
    dict
        Matches its type, has consistent counts, and lists exactly the files, or as many, that a
        dataset with these counts and maps has.

    Raises
    ------
    OutdatedDatasetError
        If its schema version is not readable by this version of the program.
    DamagedDatasetError
        If it is invalid; the message names the first error.
    """
    if len(content) > MAX_MANIFEST_BYTES:
        raise DamagedDatasetError(
            f"the manifest has {len(content)} bytes, more than {MAX_MANIFEST_BYTES}"
        )
    manifest = parse_json(content, "the manifest")
    _check_version(manifest)
    manifest = _in_current_form(manifest)
    is_former = _is_former(manifest)
    whole = FormerManifest if is_former else Manifest
    _check_types(manifest, PartialManifest if is_partial else whole)
    _check_counts(manifest)
    if not is_partial:
        _check_finished(manifest)
        (_check_former_files if is_former else _check_table)(manifest)
    return dict(manifest)


def _check_version(manifest: object) -> None:
    version = manifest.get("schema_version") if isinstance(manifest, dict) else None
    if type(version) is not int or version < 1 or version in READABLE_VERSIONS:
        return
    *earlier, last = map(str, READABLE_VERSIONS)
    readable = f"{', '.join(earlier)} and {last}"
    formats = f"(format {version}, this one reads {readable})"
    if version < SCHEMA_VERSION:
        raise OutdatedDatasetError(
            f"it was built by an earlier version of AttentionViz {formats}; build it again"
        )
    raise OutdatedDatasetError(
        f"it was built by a newer version of AttentionViz {formats}; update AttentionViz"
    )


def _is_former(manifest: Any) -> bool:
    return isinstance(manifest, dict) and manifest.get("schema_version") in FORMER_VERSIONS


def _in_current_form(manifest: Any) -> Any:
    """Return a manifest of an earlier format with the entries of this one."""
    if not _is_former(manifest):
        return manifest
    means = manifest.get("fidelity")
    if isinstance(means, dict) and all(isinstance(mean, dict) for mean in means.values()):
        manifest["fidelity"] = {name: LATER_MEASURES | mean for name, mean in means.items()}
    counts = {name: manifest.get(name, 0) for name in ("n_sequences", "n_tokens")}
    manifest["keep_vectors"] = {"choice": "all", **counts}
    maps = manifest.get("maps")
    for facts in maps.values() if isinstance(maps, dict) else ():
        parameters = facts.get("parameters") if isinstance(facts, dict) else None
        if isinstance(parameters, dict) and "placing_neighbours" in parameters:
            parameters.setdefault("refined_points", 0)  # placed points stayed where they were
    return manifest


def _check_types(manifest: object, kind: type) -> None:
    try:
        adapter(kind).validate_python([manifest])
    except ValidationError as error:
        raise DamagedDatasetError(f"manifest: {first_problem(error)}") from error


def _check_counts(manifest: Mapping[str, Any]) -> None:
    problems = []
    if len(manifest["layers"]) != manifest["n_layers"]:
        problems.append(f"{len(manifest['layers'])} layer rules for {manifest['n_layers']} layers")
    if manifest["grid"]["n_points"] != 2 * manifest["grid"]["n_tokens"]:
        n_points, n_expected = manifest["grid"]["n_points"], 2 * manifest["grid"]["n_tokens"]
        problems.append(f"the grid has {n_points} points, expected {n_expected}")
    if manifest["grid"]["n_tokens"] > manifest["n_tokens"]:
        problems.append(
            f"the grid has {manifest['grid']['n_tokens']} tokens, the corpus {manifest['n_tokens']}"
        )
    for name, facts in manifest["maps"].items():
        if MapName.parse(name) != (facts["method"], facts["dims"]):
            problems.append(f"map {name} has method {facts['method']} and dims {facts['dims']}")
    if (manifest["model"]["modality"] in WITH_IMAGES) != (manifest["patch_grid"] is not None):
        problems.append("patch_grid must be given for images and null for text")
    if len(set(manifest["scores"])) < len(manifest["scores"]):
        problems.append("scores has a duplicate name")
    problems += _head_problems(manifest) or (_rule_problems(manifest) + _part_problems(manifest))
    problems += _missing_entries(manifest) + _account_problems(manifest)
    problems += _kept_problems(manifest)
    if problems:
        raise DamagedDatasetError("manifest: " + "; ".join(problems))


def _head_problems(manifest: Mapping[str, Any]) -> list[str]:
    """Return the inconsistencies in the heads of the layers."""
    problems, layers = [], layers_of(manifest)
    for layer, heads in enumerate(layers):
        if (heads.n_heads == 0) != (manifest["layers"][layer].get("absent") is not None):
            problems.append(f"layer {layer} must have either heads or a reason why it has none")
        elif heads.n_heads and heads.n_heads % heads.n_key_heads:
            n_heads, n_key_heads = heads.n_heads, heads.n_key_heads
            problems.append(f"{n_heads} heads of layer {layer} share {n_key_heads} key heads")
    largest = largest_sizes(layers)
    problems += [
        f"{name} is {manifest[name]}, the largest of a layer {size}"
        for name, size in largest.items()
        if size != manifest[name]
    ]
    return problems


def _rule_problems(manifest: Mapping[str, Any]) -> list[str]:
    """Return the inconsistencies in the terms of the layers' scores."""
    problems = []
    for layer, rule in enumerate(manifest["layers"]):
        n_heads = rule.get("n_heads", manifest["n_heads"])
        first, end = rule.get("block", (0, 1))
        if end <= first:
            problems.append(f"the block of layer {layer} ends at {end}, it starts at {first}")
        if len(rule.get("sinks", range(n_heads))) != n_heads:
            problems.append(f"layer {layer} has {len(rule['sinks'])} sinks for {n_heads} heads")
        if bias := rule.get("bias"):
            offsets, n_values = bias["offsets"], [len(values) for values in bias["values"]]
            if n_values != [len(offsets)] * n_heads:
                problems.append(f"the bias of layer {layer} is not one number a head and offset")
            if any(after <= before for before, after in pairwise(offsets)):
                problems.append(f"the offsets of the bias of layer {layer} do not increase")
    return problems


def _part_problems(manifest: Mapping[str, Any]) -> list[str]:
    """Return the inconsistencies in the parts of an encoder-decoder model."""
    parts = [rule.get("part") for rule in manifest["layers"]]
    if all(part is None for part in parts):
        return []
    problems = []
    if None in parts:
        problems.append(f"layer {parts.index(None)} is no part, but others are")
    if manifest["patch_grid"] is not None:
        problems.append("images have no encoder and decoder texts")
    for layer, rule in enumerate(manifest["layers"]):
        if rule.get("part") == "cross" and (rule["is_causal"] or "bias" in rule):
            problems.append(f"layer {layer} is cross attention with a mask or bias by position")
    return problems


def _missing_entries(manifest: Mapping[str, Any]) -> list[str]:
    """Return the required entries since format 3 that are missing."""
    if manifest["schema_version"] == 2:
        return []
    missing = [] if "prefix_probe" in manifest else ["prefix_probe"]
    if "account" not in manifest["corpus"]:
        missing.append("corpus/account")
    check = manifest["attention_check"]
    missing += [f"attention_check/{name}" for name in EXACT_CHECK if name not in check][:1]
    return [f"{name} is missing" for name in missing]


def _kept_problems(manifest: Mapping[str, Any]) -> list[str]:
    """Return the inconsistencies in the counts of the stored vectors."""
    kept = manifest["keep_vectors"]
    problems = []
    for name in ("n_sequences", "n_tokens"):
        n, n_kept = manifest[name], kept[name]
        low, high = {"all": (n, n), "sample": (1, n), "none": (0, 0)}[kept["choice"]]
        if not low <= n_kept <= high:
            problems.append(f"keep_vectors/{name} is {n_kept}, expected {low} to {high}")
    return problems


def _account_problems(manifest: Mapping[str, Any]) -> list[str]:
    """Return the inconsistencies in the counts of the corpus."""
    account = manifest["corpus"].get("account")
    if account is None:
        return []
    problems = []
    n_taken, n_left_out = account["n_taken"], sum(part["n"] for part in account["left_out"])
    if n_taken != manifest["n_sequences"]:
        problems.append(f"{n_taken} sequences taken, the dataset has {manifest['n_sequences']}")
    if account["n_read"] != n_taken + n_left_out:
        problems.append(
            f"{account['n_read']} read is not {n_taken} taken and {n_left_out} left out"
        )
    if account["n_cut"] > n_taken:
        problems.append(f"{account['n_cut']} sequences cut, but only {n_taken} taken")
    return problems


def _check_finished(manifest: Mapping[str, Any]) -> None:
    n_nearest = manifest["similarity"].get("n_nearest", 0)
    n_heads = sum(heads.n_heads for heads in layers_of(manifest))
    if n_nearest >= n_heads:
        raise DamagedDatasetError(f"manifest: n_nearest is {n_nearest} of {n_heads} heads")
    if manifest["fidelity"].keys() != manifest["maps"].keys():
        raise DamagedDatasetError("manifest: fidelity and maps list different maps")


def _check_table(manifest: Mapping[str, Any]) -> None:
    """Check that the table of files has a row for each; its dtype and shape are facts of it."""
    facts = manifest["files"]
    n_files, *of_row = facts.get("shape") or [0]
    _require_files(manifest, n_files)
    n_expected = len(layout.FileNames(manifest))
    if (facts.get("dtype"), n_files, of_row) != ("uint8", n_expected, [layout.FILE_ROW_BYTES]):
        raise DamagedDatasetError(
            f"manifest: {layout.FILES} is {facts.get('dtype')} {facts.get('shape')}, expected "
            f"uint8 {[n_expected, layout.FILE_ROW_BYTES]}"
        )


def _require_files(manifest: Mapping[str, Any], n_files: int) -> None:
    """Check numbers of heads and images, before something of each is allocated."""
    n_heads = sum(heads.n_heads for heads in layers_of(manifest))
    n_images = manifest["n_sequences"] if manifest["patch_grid"] else 0
    if max(n_heads, n_images) > min(n_files, MAX_FILES):
        raise DamagedDatasetError(
            f"the manifest lists {n_files} files for {n_heads} heads and {n_images} images"
        )


def _check_former_files(manifest: Mapping[str, Any]) -> None:
    files = manifest["files"]
    _require_files(manifest, len(files))
    expected = layout.expected_files(manifest)
    for path in sorted(expected.keys() ^ files.keys()):
        verb = "does not list" if path in expected else "must not list"
        raise DamagedDatasetError(f"the manifest {verb} {path}")
    for path, spec in expected.items():
        actual = (files[path].get("dtype"), files[path].get("shape"))
        required = (spec.dtype, list(spec.shape)) if spec else (None, None)
        if actual != required:
            raise DamagedDatasetError(f"manifest: {path} is {actual}, expected {required}")
