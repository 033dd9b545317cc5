"""Validation of the form that requests a dataset."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, NotRequired

from typing_extensions import TypedDict

from attentionviz.core.types import DIMS, METHODS, KeepChoice
from attentionviz.errors import InvalidRequestError
from attentionviz.jobs import JobRequest
from attentionviz.jobs.limits import AllowedModel
from attentionviz.jobs.uploads import Upload
from attentionviz.store.kept_vectors import KEEP_CHOICES
from attentionviz.store.layout import require_dataset_id
from attentionviz.store.manifest import Count, DatasetId, doc

MAX_TOKENS = 2**31 - 1
MAX_COLUMN_NAME = 1000


class JobForm(TypedDict):
    """The validated form: an upload and the build options."""

    files: Annotated[list[bytes], doc("One text or table, or images.")]
    model: Annotated[str, doc("A name from the options.")]
    dataset_id: DatasetId
    methods: Annotated[str, doc("Of the methods that the options list; several with commas.")]
    dims: Annotated[str, doc(f"{' or '.join(map(str, DIMS))}, or both with a comma.")]
    max_tokens: NotRequired[Annotated[Count, doc("Whole sequences up to so many; all without it.")]]
    text_column: NotRequired[Annotated[str, doc("Column of a table that holds the text.")]]
    skip_bad_sequences: NotRequired[
        Annotated[bool, doc("Leave out sequences for which the model gives no finite numbers.")]
    ]
    keep_vectors: NotRequired[Annotated[KeepChoice, doc("Queries and keys to store; or all.")]]


FIELDS = tuple(name for name in JobForm.__annotations__ if name != "files")


def read_form(
    form: Mapping[str, str], upload: Upload, models: Sequence[AllowedModel]
) -> JobRequest:
    """Validate a form.

    Parameters
    ----------
    form : mapping
        ``model``, ``dataset_id``, ``methods`` and ``dims`` (comma-separated); optionally
        ``max_tokens``, ``text_column``, ``skip_bad_sequences`` (``true``) and ``keep_vectors``.
    upload : Upload
    models : sequence of AllowedModel

    Raises
    ------
    InvalidRequestError
        If a field is unknown, missing or malformed, or the model needs another modality.
    """
    unknown = set(form) - set(FIELDS)
    if unknown:
        known = ", ".join(FIELDS)
        raise InvalidRequestError(f"unknown field {min(unknown)[:40]!r}; use one of: {known}")
    model = _model(_field(form, "model"), upload, models)
    dataset_id = _field(form, "dataset_id")
    require_dataset_id(dataset_id[:100])
    column = form.get("text_column") or None
    if column is not None and (len(column) > MAX_COLUMN_NAME or not column.isprintable()):
        raise InvalidRequestError("text_column is not a valid column name")
    methods = _choices(form, "methods", METHODS)
    dims = _choices(form, "dims", tuple(map(str, DIMS)))
    return JobRequest(
        model=model.argument,
        model_name=model.name,
        modality=upload.modality,
        dataset_id=dataset_id,
        methods=methods,
        dims=tuple(n for n in DIMS if str(n) in dims),
        max_tokens=_max_tokens(form.get("max_tokens", "")),
        text_column=column if upload.modality == "text" else None,
        skip_bad_sequences=_flag(form, "skip_bad_sequences"),
        keep_vectors=_keep_choice(form.get("keep_vectors") or "all"),
        corpus=upload.names[0] if upload.modality == "text" else dataset_id,
        title=upload.title,
        n_files=len(upload.names),
        n_bytes=upload.n_bytes,
    )


def _field(form: Mapping[str, str], name: str) -> str:
    value = form.get(name, "")
    if not value:
        raise InvalidRequestError(f"{name} is missing")
    return value


def _model(name: str, upload: Upload, models: Sequence[AllowedModel]) -> AllowedModel:
    by_name = {model.name: model for model in models}
    if name not in by_name:
        known = ", ".join(by_name) or "none"
        raise InvalidRequestError(
            f"the model {name[:80]!r} is not available here; available: {known}"
        )
    model = by_name[name]
    if model.modality not in (None, upload.modality):
        reads = "text" if model.modality == "text" else "images"
        raise InvalidRequestError(f"{name} needs {reads}, but {upload.title} was uploaded")
    return model


def _choices(form: Mapping[str, str], name: str, known: tuple[str, ...]) -> tuple[str, ...]:
    values = _field(form, name).split(",")
    for value in values:
        if value not in known:
            raise InvalidRequestError(f"{name} must be of {', '.join(known)}, not {value[:40]!r}")
    return tuple(value for value in known if value in values)


def _flag(form: Mapping[str, str], name: str) -> bool:
    value = form.get(name, "")
    if value not in ("", "true", "false"):
        raise InvalidRequestError(f"{name} must be true or false, not {value[:40]!r}")
    return value == "true"


def _keep_choice(value: str) -> KeepChoice:
    if value not in KEEP_CHOICES:
        known = ", ".join(KEEP_CHOICES)
        raise InvalidRequestError(f"keep_vectors must be of {known}, not {value[:40]!r}")
    return value


def _max_tokens(text: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch("[0-9]{1,10}", text) or not 1 <= int(text) <= MAX_TOKENS:
        raise InvalidRequestError(f"max_tokens must be a whole number from 1, not {text[:40]!r}")
    return int(text)
