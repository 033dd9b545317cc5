"""Distribution of the weights of a large model over GPUs, memory and disk, by accelerate.

Weights that fit neither on a GPU nor in memory are read from their safetensors files, module by
module, whenever they are needed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from accelerate.hooks import AlignDevicesHook
from accelerate.utils import align_module_device, get_max_memory
from transformers import PreTrainedModel


@dataclass(frozen=True)
class Placement:
    """Limits of the distribution.

    Attributes
    ----------
    max_memory : int or None
        Bytes of main memory for weights; None for what is free.
    """

    max_memory: int | None = None

    def arguments(self, device: torch.device) -> dict[str, Any]:
        """Return the arguments of ``from_pretrained``; on device "cpu" no GPU is used."""
        available = get_max_memory()
        if device.type == "cpu":
            available = {"cpu": available["cpu"]}
        if self.max_memory is not None:
            available["cpu"] = min(self.max_memory, available["cpu"])
        return {"device_map": "auto", "max_memory": available}


class _Reader(AlignDevicesHook):
    """Hook of accelerate that reads weights without the modes of PyTorch that observe a network.

    Such a mode, `float64` for example, would change how the bytes of a file become a tensor.
    """

    def pre_forward(self, module: torch.nn.Module, *args: Any, **kwargs: Any) -> Any:
        with torch._C.DisableTorchFunction():
            return super().pre_forward(module, *args, **kwargs)

    def post_forward(self, module: torch.nn.Module, output: Any) -> Any:
        with torch._C.DisableTorchFunction():
            return super().post_forward(module, output)


def read_unobserved(network: PreTrainedModel) -> None:
    """Read weights that are not resident in the same way while the network is observed."""
    for module in network.modules():
        hook = getattr(module, "_hf_hook", None)
        for one in getattr(hook, "hooks", [hook]):
            if type(one) is AlignDevicesHook:
                one.__class__ = _Reader  # keeps where its weights are


def input_device(network: PreTrainedModel, device: torch.device) -> torch.device:
    """Return the device of the inputs of a network: that of its first weights on a device."""
    places = getattr(network, "hf_device_map", {}).values()
    return next((torch.device(place) for place in places if place != "disk"), device)


@contextmanager
def resident(module: torch.nn.Module) -> Iterator[None]:
    """Have the weights of a module on a device for the duration of a ``with`` block."""
    with align_module_device(module):
        yield
