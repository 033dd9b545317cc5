"""The parts of models that read images and texts, and of pairs of a text and an image model."""

import inspect
from typing import Any

from transformers import PreTrainedModel

from attentionviz.errors import UnsupportedModelError

IMAGE_TOKEN = ("image_token_id", "image_token_index")
TOWERS = {
    "vision": ("vision_model", "vision_tower", "visual"),
    "text": ("text_model", "language_model"),
}
READS = {"vision": "pixel_values", "text": "input_ids"}


def image_token(config: Any) -> int | None:
    """Return the id of the token that stands for a patch in a text; None for other models."""
    found = (getattr(config, name, None) for name in IMAGE_TOKEN)
    return next((token_id for token_id in found if isinstance(token_id, int)), None)


def reads_images_in_texts(network: PreTrainedModel) -> bool:
    """Return whether a model reads images as tokens between those of a text."""
    reads = inspect.signature(network.forward).parameters
    return image_token(network.config) is not None and {"input_ids", "pixel_values"} <= set(reads)


def image_towers(network: PreTrainedModel) -> list[PreTrainedModel]:
    """Return the models inside of a model of images and texts that do not read its texts."""
    if not reads_images_in_texts(network):
        return []
    embeddings = network.get_input_embeddings()
    parts = [module for module in network.modules() if isinstance(module, PreTrainedModel)]
    # The innermost model with the embeddings of words comes last.
    language_model = [part for part in parts if embeddings in set(part.modules())][-1]
    of_text = set(language_model.modules())
    return [part for part in parts if part not in of_text and embeddings not in set(part.modules())]


def tower(whole: PreTrainedModel, part: str) -> PreTrainedModel | None:
    """Return the text or the vision model inside of a model; None if it has none.

    Parameters
    ----------
    whole : PreTrainedModel
    part : "text" or "vision"
    """
    for name in TOWERS[part]:
        found = getattr(whole, name, None)
        if isinstance(found, PreTrainedModel) and found.main_input_name == READS[part]:
            return found
    return None


def chosen_part(whole: PreTrainedModel, part: str | None, name: str) -> PreTrainedModel:
    """Return the part of a model that a build is of.

    Parameters
    ----------
    whole : PreTrainedModel
    part : "text", "vision" or None
        None for a model that is of one part.
    name : str
        Of the model, for the error message.

    Raises
    ------
    UnsupportedModelError
        If the model has no such part, or has two and none is chosen.
    """
    if part is not None:
        found = tower(whole, part)
        if found is None:
            raise UnsupportedModelError(f"{name} has no {part} model of its own; leave out --part")
        return found
    if reads_images_in_texts(whole):
        return whole
    vision = tower(whole, "vision")
    if vision is not None and tower(whole, "text") is not None:
        raise UnsupportedModelError(
            f"{name} is a text model and an image model side by side; choose one with --part text "
            "or --part vision"
        )
    return vision or whole
