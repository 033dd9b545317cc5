"""The manifest: its JSON schema, its canonical bytes, and the checks that a schema cannot say."""

import functools
import json
import re
from collections.abc import Mapping
from typing import Any

from attentionviz.core.types import DATASET_ID_PATTERN, DIMS, METHODS, MapName
from attentionviz.errors import DamagedDatasetError, OutdatedDatasetError
from attentionviz.store import layout
from attentionviz.store.columns import parse_json

SCHEMA_VERSION = 3
READABLE_VERSIONS = (2, 3)
"""Format 2 lacks the account of the corpus, the facts of prefix matching, and the check of
attention in float64."""

SCORE_PATTERN = "[a-z][a-z0-9_]{0,63}"
MAX_MANIFEST_BYTES = 256 * 1024 * 1024

_TEXT = {"type": "string", "maxLength": 2000}
_TEXT_OR_NULL = {"type": ["string", "null"], "maxLength": 2000}
_NUMBER_OR_NULL = {"type": ["number", "null"]}
_COUNT = {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
_COUNT_OR_ZERO = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}
_ERROR = {"type": "number", "minimum": 0}
_HASH = {"type": "string", "pattern": r"^[0-9a-f]{64}$(?!\n)"}
_TEXTS = {"type": "array", "maxItems": 1000, "items": _TEXT}


def _exact(pattern: str) -> str:
    # "$" alone would let a trailing line feed through.
    return rf"^(?:{pattern})$(?!\n)"


def object_schema(*optional: str, **properties: object) -> dict[str, Any]:
    """Return the schema of an object with these properties and no others.

    Parameters
    ----------
    *optional : str
        Names that may lack.
    **properties : dict
        Schema of each property.
    """
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _map_of(value: object, pattern: str) -> dict[str, Any]:
    return {
        "type": "object",
        "propertyNames": {"pattern": _exact(pattern)},
        "additionalProperties": value,
    }


_MODEL = object_schema(
    name=_TEXT,
    source=_TEXT,
    revision=_TEXT_OR_NULL,
    weights_sha256=_HASH,
    family=_TEXT,
    architecture=_TEXT,
    modality={"enum": ["text", "image"]},
    license=_TEXT_OR_NULL,
)
_LAYER = object_schema(
    scaling={"type": "number"},
    is_causal={"type": "boolean"},
    max_distance={"type": ["integer", "null"], "minimum": 0},
)
ACCOUNT_SCHEMA = object_schema(
    unit={"enum": ["line", "row", "element", "file"]},
    n_read=_COUNT,
    n_taken=_COUNT,
    n_cut=_COUNT_OR_ZERO,
    left_out={
        "type": "array",
        "maxItems": 100,
        "items": object_schema(
            reason=_TEXT, n=_COUNT, examples={"type": "array", "maxItems": 5, "items": _TEXT}
        ),
    },
    notes=_TEXTS,
)
_CORPUS = object_schema(
    "account",
    name=_TEXT,
    source=_TEXT_OR_NULL,
    license=_TEXT_OR_NULL,
    sha256=_HASH,
    columns=_TEXTS,
    n_sequences=_COUNT,
    n_sequences_cut=_COUNT_OR_ZERO,
    account=ACCOUNT_SCHEMA,
)
_EXACT_CHECK = {
    "exact_max_abs_error": _ERROR,
    "exact_tolerance": _ERROR,
    "exact_n_sequences": _COUNT,
    "worst_layer": _COUNT_OR_ZERO,
    "worst_head": _COUNT_OR_ZERO,
}
_ATTENTION_CHECK = object_schema(
    *("tolerance", *_EXACT_CHECK),
    max_abs_error=_ERROR,
    tolerance=_ERROR,  # format 2: up to here, an error of float32 was taken for rounding
    n_sequences=_COUNT,
    **_EXACT_CHECK,
)
_PATCH_GRID = object_schema(
    n_rows=_COUNT,
    n_columns=_COUNT,
    n_prefix_tokens=_COUNT_OR_ZERO,
    has_class_token={"type": "boolean"},
    n_registers=_COUNT_OR_ZERO,
    image_width_px=_COUNT,
    image_height_px=_COUNT,
)
_MAP = object_schema(
    method={"enum": list(METHODS)}, dims={"enum": list(DIMS)}, parameters={"type": "object"}
)
_FILE = object_schema(
    *("dtype", "shape"),
    bytes={"type": "integer", "minimum": 0},
    sha256=_HASH,
    dtype={"enum": ["float16", "float32", "int32", "uint8", "uint16", "uint32"]},
    shape={"type": "array", "maxItems": 4, "items": _COUNT},
)
FIDELITY_SCHEMA = object_schema(
    recall_at_10=_NUMBER_OR_NULL,
    rank_correlation=_NUMBER_OR_NULL,
    trustworthiness=_NUMBER_OR_NULL,
)
SIMILARITY_SCHEMA = object_schema(
    **dict.fromkeys(("n_rows", "n_tokens", "seed"), _COUNT_OR_ZERO),
    **dict.fromkeys(("smoothing", "log_base", "stress"), {"type": "number", "minimum": 0}),
    map_method=_TEXT,
)
PARTIAL_MANIFEST_SCHEMA: dict[str, Any] = object_schema(
    "prefix_probe",
    schema_version={"enum": list(READABLE_VERSIONS)},
    id={"type": "string", "pattern": _exact(DATASET_ID_PATTERN)},
    attentionviz_version=_TEXT,
    model=_MODEL,
    n_layers={**_COUNT, "maximum": 9999},
    n_heads={**_COUNT, "maximum": 9999},
    n_key_heads={**_COUNT, "maximum": 9999},
    d_head=_COUNT,
    n_sequences=_COUNT,
    n_tokens=_COUNT,
    layers={"type": "array", "items": _LAYER, "minItems": 1, "maxItems": 9999},
    bias_terms=_TEXTS,
    corpus=_CORPUS,
    patch_grid={"anyOf": [{"type": "null"}, _PATCH_GRID]},
    precision={"enum": ["float32", "float16"]},
    seed={"type": "integer", "minimum": 0},
    alignment={"type": "object", "properties": {"scale": _TEXT}, "required": ["scale"]},
    maps={**_map_of(_MAP, layout.MAP_PATTERN), "minProperties": 1},
    scores={
        "type": "array",
        "maxItems": 1000,
        "uniqueItems": True,
        "items": {"type": "string", "pattern": _exact(SCORE_PATTERN)},
    },
    probe=object_schema(n_sequences=_COUNT_OR_ZERO, period=_COUNT_OR_ZERO, reason=_TEXT_OR_NULL),
    prefix_probe=object_schema(
        **dict.fromkeys(("n_sequences", "period", "n_repeats"), _COUNT_OR_ZERO),
        start=_TEXTS,
        reason=_TEXT_OR_NULL,
    ),
    grid=object_schema(n_tokens=_COUNT, n_points=_COUNT),
    attention_check=_ATTENTION_CHECK,
    build_key={"type": "string", "pattern": _exact(layout.VERSION_PATTERN)},
    library_versions=_map_of(_TEXT, r"[A-Za-z0-9._-]{1,64}"),
)
"""Schema of ``manifest.partial.json``: everything known once the capture is done."""

MANIFEST_SCHEMA: dict[str, Any] = {
    **PARTIAL_MANIFEST_SCHEMA,
    "properties": {
        **PARTIAL_MANIFEST_SCHEMA["properties"],
        "fidelity": _map_of(FIDELITY_SCHEMA, layout.MAP_PATTERN),
        "similarity": SIMILARITY_SCHEMA,
        "files": _map_of(_FILE, layout.FILE_PATTERN),
    },
    "required": [*PARTIAL_MANIFEST_SCHEMA["required"], "fidelity", "similarity", "files"],
}
"""Schema of ``manifest.json``."""


def canonical_json(document: object, *, is_compact: bool = False) -> bytes:
    """Return the one way in which a JSON file of a dataset is written.

    Keys sorted, one space of indent or no space at all, UTF-8, a final line feed; NaN and infinity
    are refused with ValueError, since JSON has neither.
    """
    form: dict[str, Any] = {"separators": (",", ":")} if is_compact else {"indent": 1}
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, allow_nan=False, **form)
    return (text + "\n").encode()


def parse_manifest(content: bytes, *, is_partial: bool = False) -> dict[str, Any]:
    """Return a manifest read from bytes that may come from anywhere.

    Parameters
    ----------
    content : bytes
        The file as it lies on the disk; at most 256 MiB.
    is_partial : bool
        Whether it is the manifest of a build in progress, without ``files``,
        ``fidelity`` and ``similarity``.

    Returns
    -------
    dict
        It fits the schema, its numbers fit each other, and it names exactly the files that a
        dataset of its counts and maps holds.

    Raises
    ------
    OutdatedDatasetError
        If it is of another schema version, and so was written by another version of this program.
    DamagedDatasetError
        If anything does not fit; the message names the first place.
    """
    if len(content) > MAX_MANIFEST_BYTES:
        raise DamagedDatasetError(
            f"the manifest has {len(content)} bytes, more than {MAX_MANIFEST_BYTES}"
        )
    manifest = parse_json(content, "the manifest")
    _check_version(manifest)
    _check_schema(manifest, is_partial)
    _check_counts(manifest)
    if not is_partial:
        _check_files(manifest)
    return dict(manifest)


@functools.cache
def _validator(is_partial: bool) -> Any:  # jsonschema has no types
    # Imported late: it is slow, and `attentionviz --help` has no use for it.
    from jsonschema import Draft202012Validator

    if is_partial:
        return Draft202012Validator(PARTIAL_MANIFEST_SCHEMA)
    # Thousands of files take jsonschema a third of a second; `_check_file` does the same in 3 ms.
    properties = {**MANIFEST_SCHEMA["properties"], "files": {"type": "object"}}
    return Draft202012Validator({**MANIFEST_SCHEMA, "properties": properties})


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


def _check_schema(manifest: object, is_partial: bool) -> None:
    error = next(_validator(is_partial).iter_errors(manifest), None)
    if error is not None:
        place = "/".join(str(part) for part in error.absolute_path) or "the manifest"
        raise DamagedDatasetError(f"manifest: {place[:200]}: {error.message[:300]}")


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
    problems += _lacking(manifest) + _account_problems(manifest)
    if problems:
        raise DamagedDatasetError("manifest: " + "; ".join(problems))


def _lacking(manifest: Mapping[str, Any]) -> list[str]:
    """Return what format 3 has and this manifest has not."""
    if manifest["schema_version"] == 2:
        return []
    problems = [] if "prefix_probe" in manifest else ["it has no prefix_probe"]
    if "account" not in manifest["corpus"]:
        problems.append("the corpus has no account")
    check = manifest["attention_check"]
    lacking = next((name for name in _EXACT_CHECK if name not in check), None)
    return problems + ([f"the check of attention has no {lacking}"] if lacking else [])


def _account_problems(manifest: Mapping[str, Any]) -> list[str]:
    """Return where the account of the corpus does not add up."""
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
        _check_file(path, files[path])
        found = (files[path].get("dtype"), files[path].get("shape"))
        wanted = (spec.dtype, list(spec.shape)) if spec else (None, None)
        if found != wanted:
            raise DamagedDatasetError(f"manifest: {path} is {found}, expected {wanted}")
    if manifest["fidelity"].keys() != manifest["maps"].keys():
        raise DamagedDatasetError("manifest: fidelity and maps name different maps")


def _check_file(path: str, facts: object) -> None:
    keys = facts.keys() if isinstance(facts, dict) else set()
    fits = (
        isinstance(facts, dict)
        and keys in ({"bytes", "sha256"}, {"bytes", "sha256", "dtype", "shape"})
        and type(facts["bytes"]) is int
        and facts["bytes"] >= 0
        and isinstance(facts["sha256"], str)
        and re.fullmatch("[0-9a-f]{64}", facts["sha256"])
    )
    if not fits:
        raise DamagedDatasetError(f"manifest: files/{path} is not bytes, sha256, dtype and shape")
