"""The part of the description that is about texts and images which visitors add."""

from attentionviz.live.safetensors_bytes import MIMETYPE
from attentionviz.server.http.openapi_parts import Json, json_answer, operation, post_operation

_ARRAYS = (
    "A safetensors file: queries, keys (layer, head, token, d_head) and norms (layer, head, token, "
    "4) as the dataset stores them; place:<map> float32 (layer, head, point, dimension), queries "
    "first, in steps of the map, inside where 0..65535; partner_tokens int32 and partner_scores "
    "float32 (layer, head, point, 10), the strongest partners of each point in the corpus, -1 "
    "where there are fewer; of images, sprites uint8 (token, 8, 8, 3) and picture uint8 (height, "
    "width, 3). Its __metadata__ holds JSON texts: sequence (columns of its tokens, how many were "
    "cut) and maps (placed exactly or by neighbours, and how many points lie outside)."
)
_MAPS: Json = {
    "type": "array",
    "description": "Maps of the dataset to place into; all of them if left out.",
    "items": {"type": "string"},
    "minItems": 1,
    "maxItems": 10,
    "uniqueItems": True,
}
_TEXT: Json = {"type": "string", "minLength": 1, "description": "Cut where it is too long."}
_TOKENS: Json = {
    "type": "array",
    "description": "Exactly these tokens of the model's vocabulary, special ones included: each as "
    "the dataset writes it, or its token_id, which is exact where two are written alike.",
    "items": {"type": ["string", "integer"]},
    "minItems": 1,
}


def live_paths(dataset: str, parameters: list[Json]) -> dict[str, Json]:
    """Describe the routes.

    Parameters
    ----------
    dataset : str
        Path of a dataset.
    parameters : list
        Of every route below it.
    """
    answer = {
        "description": _ARRAYS,
        "content": {MIMETYPE: {"schema": {"type": "string"}}},
    }
    image = {
        "type": "object",
        "required": ["image"],
        "properties": {
            "image": {"type": "string", "format": "binary", "description": "PNG, JPEG or WebP."},
            "maps": {"type": "string", "description": "As for a text, with commas."},
        },
        "additionalProperties": False,
    }
    return {
        "/api/v1/live": operation(
            "getLive",
            "Whether texts and images can be added, and how large they may be.",
            [],
            json_answer("Live"),
        ),
        f"{dataset}/text": post_operation(
            "postText",
            "A text, or exact tokens, run through the model and placed into maps; nothing is kept.",
            parameters,
            {"application/json": {"schema": {"oneOf": [_body("text"), _body("tokens")]}}},
            answer,
        ),
        f"{dataset}/image": post_operation(
            "postImage",
            "An image run through the model and placed into maps; nothing is kept.",
            parameters,
            {"multipart/form-data": {"schema": image}},
            answer,
        ),
    }


def _body(name: str) -> Json:
    return {
        "type": "object",
        "required": [name],
        "properties": {name: _TEXT if name == "text" else _TOKENS, "maps": _MAPS},
        "additionalProperties": False,
    }
