"""The manifest: its canonical bytes, and the checks that types cannot express."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from attentionviz.core.types import MapName
from attentionviz.errors import DamagedDatasetError, OutdatedDatasetError
from attentionviz.store import layout
from attentionviz.store.columns import parse_json
from attentionviz.store.manifest import (
    EXACT_CHECK,
    Manifest,
    PartialManifest,
    adapter,
    first_problem,
)

SCHEMA_VERSION = 3
READABLE_VERSIONS = (2, 3)
"""Format 2 lacks the account of the corpus, the facts of prefix matching, and the check of
attention in float64."""

MAX_MANIFEST_BYTES = 256 * 1024 * 1024


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
        Valid by its type, its counts consistent, and its files exactly those of a dataset with
        these counts and maps.

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
    _check_types(manifest, PartialManifest if is_partial else Manifest)
    _check_counts(manifest)
    if not is_partial:
        _check_files(manifest)
    return dict(manifest)


def _check_version(manifest: object) -> None:
    version = manifest.get("schema_version") if isinstance(manifest, dict) else None
    if type(version) is not int or version < 1 or version in READABLE_VERSIONS:
        return
    readable = " and ".join(map(str, READABLE_VERSIONS))
    formats = f"(format {version}, this one reads {readable})"
    if version < SCHEMA_VERSION:
        raise OutdatedDatasetError(
            f"it was built by an earlier version of AttentionViz {formats}; build it again"
        )
    raise OutdatedDatasetError(
        f"it was built by a newer version of AttentionViz {formats}; update AttentionViz"
    )


def _check_types(manifest: object, kind: type) -> None:
    try:
        adapter(kind).validate_python([manifest])
    except ValidationError as error:
        raise DamagedDatasetError(f"manifest: {first_problem(error)}") from error


def _check_counts(manifest: Mapping[str, Any]) -> None:
    problems = []
    if len(manifest["layers"]) != manifest["n_layers"]:
        problems.append(f"{len(manifest['layers'])} layer rules for {manifest['n_layers']} layers")
    if manifest["n_heads"] % manifest["n_key_heads"]:
        problems.append(f"{manifest['n_heads']} heads share {manifest['n_key_heads']} key heads")
    if manifest["grid"]["n_points"] != 2 * manifest["grid"]["n_tokens"]:
        problems.append("the grid has not two points for each token")
    if manifest["grid"]["n_tokens"] > manifest["n_tokens"]:
        problems.append("the grid has more tokens than the corpus")
    for name, facts in manifest["maps"].items():
        if MapName.parse(name) != (facts["method"], facts["dims"]):
            problems.append(f"map {name} says {facts['method']} in {facts['dims']} dimensions")
    if (manifest["model"]["modality"] == "image") != (manifest["patch_grid"] is not None):
        problems.append("a patch grid belongs to images, and only to images")
    if len(set(manifest["scores"])) < len(manifest["scores"]):
        problems.append("scores has a name twice")
    problems += _lacking(manifest) + _account_problems(manifest)
    if problems:
        raise DamagedDatasetError("manifest: " + "; ".join(problems))


def _lacking(manifest: Mapping[str, Any]) -> list[str]:
    """Return the entries of format 3 that this manifest lacks."""
    if manifest["schema_version"] == 2:
        return []
    problems = [] if "prefix_probe" in manifest else ["it has no prefix_probe"]
    if "account" not in manifest["corpus"]:
        problems.append("the corpus has no account")
    check = manifest["attention_check"]
    lacking = next((name for name in EXACT_CHECK if name not in check), None)
    return problems + ([f"the check of attention has no {lacking}"] if lacking else [])


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
        problems.append(f"{account['n_cut']} of {n_taken} sequences were cut")
    return problems


def _check_files(manifest: Mapping[str, Any]) -> None:
    files = manifest["files"]
    n_heads = manifest["n_layers"] * manifest["n_heads"]
    n_images = manifest["n_sequences"] if manifest["patch_grid"] else 0
    if max(n_heads, n_images) > len(files):  # before a list of that length is made
        raise DamagedDatasetError(
            f"the manifest names {len(files)} files for {n_heads} heads and {n_images} images"
        )
    expected = layout.expected_files(manifest)
    for path in sorted(expected.keys() ^ files.keys()):
        word = "does not name" if path in expected else "must not name"
        raise DamagedDatasetError(f"the manifest {word} {path}")
    for path, spec in expected.items():
        recorded = (files[path].get("dtype"), files[path].get("shape"))
        wanted = (spec.dtype, list(spec.shape)) if spec else (None, None)
        if recorded != wanted:
            raise DamagedDatasetError(f"manifest: {path} is {recorded}, expected {wanted}")
    if manifest["fidelity"].keys() != manifest["maps"].keys():
        raise DamagedDatasetError("manifest: fidelity and maps name different maps")
