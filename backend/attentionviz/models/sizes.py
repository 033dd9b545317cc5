"""How large a model says it is, held against the weights that it has, before anything is made.

A few bytes of ``config.json`` can ask for a million layers or for more numbers than any memory
holds; what lacks weights would be drawn at random, layer by layer, before it is found to lack them.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors import safe_open
from transformers import AutoModel, PretrainedConfig

from attentionviz.errors import ModelNotAvailableError

N_SPARE = 2**24
"""Numbers that may lack beyond twice those that are there: poolers and tables of positions."""


def require_weights_for(
    config: PretrainedConfig, folder: Path, files: list[str], name: str
) -> None:
    """Refuse a model that describes far more numbers than its weights hold.

    Parameters
    ----------
    config : PretrainedConfig
    folder : Path
    files : list of str
        Its safetensors files.
    name : str
        The model's, for messages.

    Raises
    ------
    ModelNotAvailableError
        With both numbers.
    """
    sizes = [math.prod(shape) for file in files for shape in _shapes(folder / file)]
    for part in _parts(config):
        n_layers = getattr(part, "num_hidden_layers", 0)
        if isinstance(n_layers, int) and n_layers > len(sizes):
            raise ModelNotAvailableError(
                f"config.json of {name} says {n_layers:,} layers, its weights are {len(sizes):,} "
                "tensors"
            )
    with torch.device("meta"):  # shapes alone, no memory
        described = AutoModel.from_config(config, trust_remote_code=False)
    n_described = sum(parameter.numel() for parameter in described.parameters())
    if n_described > 2 * sum(sizes) + N_SPARE:
        raise ModelNotAvailableError(
            f"config.json of {name} describes {n_described:,} numbers, its weights hold "
            f"{sum(sizes):,}"
        )


def _shapes(path: Path) -> Iterator[list[int]]:
    with safe_open(path, framework="pt") as weights:
        for key in weights.keys():  # noqa: SIM118 - no dict, and cannot be iterated
            yield weights.get_slice(key).get_shape()


def _parts(config: PretrainedConfig) -> list[PretrainedConfig]:
    """Return a configuration and those inside of it, such as that of a vision tower."""
    inner = [part for part in vars(config).values() if isinstance(part, PretrainedConfig)]
    return [config, *inner]
