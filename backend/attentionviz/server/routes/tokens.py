"""The corpus: columns of tokens, images, and pixels of patches."""

from flask import Blueprint, Response

from attentionviz.server.http import contract
from attentionviz.server.http.operations import (
    PICTURE,
    array,
    open_dataset,
    operation,
    path_number,
    query,
)
from attentionviz.server.http.responses import (
    binary_response,
    file_response,
    json_bytes_response,
)
from attentionviz.store import layout

blueprint = Blueprint("tokens", __name__, url_prefix="/api/v1/datasets/<dataset_id>")


@blueprint.get("/tokens")
@operation(contract.CorpusTokens)
def get_tokens(dataset_id: str) -> Response:
    """Return the columns of all tokens and of all sequences."""
    reader = open_dataset(dataset_id, query()["v"])
    etag = reader.fingerprint("tokens", files=(layout.TOKENS,))
    return json_bytes_response(etag, reader.tokens_bytes, reader)


@blueprint.get("/images/<image>")
@operation(PICTURE)
def get_image(dataset_id: str, image: str) -> Response:
    """Return one image of the corpus."""
    return _image(dataset_id, image, is_thumbnail=False)


@blueprint.get("/images/<image>/thumbnail")
@operation(PICTURE)
def get_thumbnail(dataset_id: str, image: str) -> Response:
    """Return the thumbnail of one image."""
    return _image(dataset_id, image, is_thumbnail=True)


@blueprint.get("/patches")
@operation(array("uint8 (token, 8, 8, 3): red, green, blue; zeros for other tokens."))
def get_patches(dataset_id: str) -> Response:
    """Return the pixels of every patch."""
    reader = open_dataset(dataset_id, query()["v"])
    reader.require_images()
    return file_response(reader, layout.PATCHES)


def _image(dataset_id: str, image: str, *, is_thumbnail: bool) -> Response:
    reader = open_dataset(dataset_id, query()["v"])
    name = reader.image_path(path_number("image", image), is_thumbnail=is_thumbnail)
    return binary_response(reader, name, "image/png")
