"""Live texts and images of visitors: run through the model, placed in maps, not stored."""

import io
import json
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request
from pydantic import ValidationError
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from attentionviz.core.image_limits import MAX_PIXELS
from attentionviz.core.types import MapName
from attentionviz.errors import (
    InvalidImageError,
    InvalidRequestError,
    InvalidTextError,
    LiveUnavailableError,
    MethodNotFoundError,
    TooLargeError,
)
from attentionviz.server.http import contract
from attentionviz.server.http.context import context
from attentionviz.server.http.live_settings import FORM_BYTES, MAX_BODY_BYTES, MAX_IMAGE_BYTES
from attentionviz.server.http.operations import Raw, open_dataset, operation, query
from attentionviz.server.http.responses import json_response
from attentionviz.store.dataset import DatasetReader
from attentionviz.store.manifest import adapter

blueprint = Blueprint("live", __name__, url_prefix="/api/v1")
MIMETYPE = "application/vnd.safetensors"
MAX_PARTS = 10
_PLACED = Raw(
    MIMETYPE,
    "A safetensors file: queries, keys (layer, head, token, d_head) and norms (layer, head, token, "
    "4) as the dataset stores them; place:<map> float32 (layer, head, point, dimension), queries "
    "first, in steps of the map, inside where 0..65535; partner_tokens int32 and partner_scores "
    "float32 (layer, head, point, 10), the strongest partners of each point in the corpus, -1 "
    "where there are fewer; of images, sprites uint8 (token, 8, 8, 3) and picture uint8 (height, "
    "width, 3). Its __metadata__ holds JSON texts: sequence (columns of its tokens, how many were "
    "cut) and maps (placed exactly or by neighbours, and how many points lie outside).",
)


@blueprint.get("/live")
@operation(contract.Limits)
def get_live() -> Response:
    """Return whether texts and images can be added, and their limits."""
    query()
    settings = context().settings
    limits: contract.Limits = {
        "is_enabled": settings.live,
        "max_characters": settings.live_characters,
        "max_image_bytes": MAX_IMAGE_BYTES,
        "max_pixels": MAX_PIXELS,
        "max_tokens": settings.live_tokens,
    }
    return json_response(limits)


@blueprint.post("/datasets/<dataset_id>/text")
@operation(_PLACED, body={"application/json": contract.TextBody | contract.TokensBody})
def post_text(dataset_id: str) -> Response:
    """Place a text, or exactly these tokens, into maps of a dataset."""
    reader = _open(dataset_id, "text")
    asked = _json_body()
    maps = _maps(asked.pop("maps", None), reader)
    if not _fits(contract.TextBody, asked) and not _fits(contract.TokensBody, asked):
        raise InvalidRequestError(
            'the body must be {"text": "…"} or {"tokens": ["…", …]}, optionally with "maps"'
        )
    if "text" in asked and not asked["text"].strip():
        raise InvalidTextError("the text is empty; type something")
    return _answer(reader, {"maps": maps, **asked})


@blueprint.post("/datasets/<dataset_id>/image")
@operation(_PLACED, body={"multipart/form-data": contract.ImageForm})
def post_image(dataset_id: str) -> Response:
    """Place an image into maps of a dataset."""
    request.max_content_length = MAX_IMAGE_BYTES + FORM_BYTES
    reader = _open(dataset_id, "image")
    form, files = _form()
    known = set(form) <= {"maps"} and set(files) == {"image"}
    if not known or len(files.getlist("image")) != 1 or len(form.getlist("maps")) > 1:
        raise InvalidRequestError('the form must have one file "image", optionally with "maps"')
    content = files["image"].read(MAX_IMAGE_BYTES + 1)
    if len(content) > MAX_IMAGE_BYTES:
        raise _too_large(MAX_IMAGE_BYTES)
    if not content:
        raise InvalidImageError("the image is empty")
    names = form["maps"].split(",") if "maps" in form else None
    return _answer(reader, {"maps": _maps(names, reader)}, content)


def _open(dataset_id: str, modality: str) -> DatasetReader:
    """Return a reader of a complete dataset of this kind."""
    version = query()["v"]
    if not context().settings.live:
        raise LiveUnavailableError("typed texts and images are disabled on this server (--no-live)")
    reader = open_dataset(dataset_id, version)
    reader.require_complete()
    if reader.manifest["model"]["modality"] != modality:
        found = reader.manifest["model"]["modality"]
        if found == "image-text":
            raise InvalidRequestError(
                f"{dataset_id} is of images with a text each; only texts or images alone can be "
                "added to a dataset, so build it again with yours in the corpus"
            )
        raise InvalidRequestError(f"{dataset_id} is a dataset of {found}s, not of {modality}s")
    if "part" in reader.manifest["layers"][0]:
        raise InvalidRequestError(
            f"{dataset_id} has a source and a target text in each sequence; texts cannot be added "
            "to it"
        )
    return reader


def _json_body() -> dict[str, Any]:
    if request.mimetype != "application/json":
        raise InvalidRequestError("the body must be application/json")
    content = _read(lambda: request.get_data(cache=False))
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError("the body is not JSON") from error
    if not isinstance(found, dict):
        raise InvalidRequestError("the body must be a JSON object")
    return found


def _form() -> tuple[MultiDict[str, str], MultiDict[str, FileStorage]]:
    """Return the fields and files of a form, in memory.

    While a large body arrives, waitress buffers it in an unnamed temporary file, which is deleted
    with the request.
    """
    if request.mimetype != "multipart/form-data":
        raise InvalidRequestError("the body must be multipart/form-data")
    parser = FormDataParser(
        stream_factory=lambda *_, **__: io.BytesIO(), max_form_parts=MAX_PARTS, silent=False
    )
    options = request.mimetype_params
    try:
        _, form, files = _read(
            lambda: parser.parse(request.stream, request.mimetype, request.content_length, options)
        )
    except ValueError as error:
        raise InvalidRequestError("the body is not a form") from error
    return form, files


def _read(read: Callable[[], Any]) -> Any:
    limit = request.max_content_length or MAX_BODY_BYTES
    try:
        return read()
    except RequestEntityTooLarge as error:
        raise _too_large(limit) from error


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(f"the body has more than {limit:,} bytes; send less")


def _maps(names: Any, reader: DatasetReader) -> list[str]:
    """Return the maps to place into, each once; all of the dataset where none are named."""
    if names is None:
        return list(reader.manifest["maps"])[: contract.MAX_MAPS]
    if not _fits(contract.Maps, names) or len(set(names)) < len(names):
        raise InvalidRequestError(f"maps must be 1 to {contract.MAX_MAPS} names of maps, each once")
    for name in names:
        try:
            reader.require_map(MapName.parse(name[:80]))
        except MethodNotFoundError as error:
            raise InvalidRequestError(str(error)) from error
    return list(names)


def _fits(kind: Any, found: Any) -> bool:
    """Return whether a request body is valid for a type of the contract."""
    try:
        adapter(kind).validate_python([found])
    except ValidationError:
        return False
    return True


def _answer(reader: DatasetReader, question: dict[str, Any], body: bytes = b"") -> Response:
    asked = {**question, "dataset": reader.dataset_id, "version": reader.version}
    response = Response(context().live.ask(asked, body), mimetype=MIMETYPE)
    response.headers["Cache-Control"] = "no-store"
    return response
