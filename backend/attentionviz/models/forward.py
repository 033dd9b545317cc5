"""Forward pass of a model, with observed attention or its own eager attention."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from transformers import PreTrainedModel

from attentionviz.models.interface import IMPLEMENTATION
from attentionviz.models.towers import image_towers

OWN = "eager"
"""The attention of a model's own code."""


def run(
    network: PreTrainedModel, inputs: dict[str, torch.Tensor], device: torch.device, **options: Any
) -> Any:
    """Run the forward pass of a model and return its output, without gradients or a key cache.

    Parameters
    ----------
    network : PreTrainedModel
    inputs : dict of str to Tensor
        Moved to the device.
    device : torch.device
    **options
        Further arguments of the forward pass.
    """
    on_device = {name: tensor.to(device) for name, tensor in inputs.items()}
    if getattr(network.config.get_text_config(), "use_cache", None):
        options["use_cache"] = False
    with torch.inference_mode():
        return network(**on_device, **options)


def n_threads() -> int:
    """Return the number of threads of forward passes in this process."""
    return torch.get_num_threads()


def use_threads(n_threads: int) -> None:
    """Set the number of threads of forward passes in this process."""
    torch.set_num_threads(n_threads)


def set_attention(network: PreTrainedModel, implementation: str, of_images: str = OWN) -> None:
    """Set the attention of a model, and that of the parts that only read its images.

    Parameters
    ----------
    network : PreTrainedModel
    implementation, of_images : str
        Names that transformers knows.
    """
    network.set_attn_implementation(implementation)
    for tower in image_towers(network):
        tower.set_attn_implementation(of_images)


@contextmanager
def eager_attention(network: PreTrainedModel) -> Iterator[None]:
    """Use the model's own eager attention for the duration of a ``with`` block."""
    set_attention(network, OWN)
    try:
        yield
    finally:
        set_attention(network, IMPLEMENTATION)
