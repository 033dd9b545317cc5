"""Comparison of the sizes in ``config.json`` with the weights, before anything is allocated.

A wrong ``config.json`` can request a million layers or more parameters than memory holds, and
transformers would initialise them at random before it reports missing weights.
"""

import math
import re
from collections.abc import Iterator

import torch
from safetensors import safe_open
from transformers import AutoModel, PretrainedConfig, PreTrainedModel

from attentionviz.errors import ModelNotAvailableError, UnsupportedModelError
from attentionviz.models.configuration import parts_of, written_by_newer
from attentionviz.models.contents import NOT_READ
from attentionviz.models.files import AGAIN
from attentionviz.models.names import ModelSource
from attentionviz.models.steps import step
from attentionviz.models.weights import OTHER_CONFIG

WHOLE = re.compile("B?F(16|32|64)$")
N_SPARE = 2**24
"""Parameters allowed beyond twice those in the files, for poolers and position embeddings."""


def describe(config: PretrainedConfig, source: ModelSource, files: list[str]) -> PreTrainedModel:
    """Return the model of a configuration on the meta device, if its size matches the weights.

    Parameters
    ----------
    config : PretrainedConfig
    source : ModelSource
    files : list of str
        Names of its safetensors files.

    Raises
    ------
    ModelNotAvailableError
        If the configuration has far more parameters than the weights; gives both counts.
    UnsupportedModelError
        If the weights are quantised.
    """
    sizes = [math.prod(shape) for file in files for shape in _shapes(source, file)]
    if not sizes:
        raise ModelNotAvailableError(f"{files[0]} of {source.name} holds no tensors; {AGAIN}")
    for part in parts_of(config):
        n_layers = getattr(part, "num_hidden_layers", 0)
        if isinstance(n_layers, int) and n_layers > len(sizes):
            raise ModelNotAvailableError(
                f"config.json of {source.name} has {n_layers:,} layers, its weights only "
                f"{len(sizes):,} tensors; {OTHER_CONFIG}"
            )
    making = f"making a {config.model_type} from config.json of {source.name}"
    with (
        step(making, ModelNotAvailableError, source, written_by_newer(config)),
        torch.device("meta"),  # allocates no memory
    ):
        described: PreTrainedModel = AutoModel.from_config(config, trust_remote_code=False)
    n_described = sum(parameter.numel() for parameter in described.parameters())
    if n_described > 2 * sum(sizes) + N_SPARE:
        raise ModelNotAvailableError(
            f"config.json of {source.name} describes {n_described:,} parameters, its weights have "
            f"{sum(sizes):,}; {OTHER_CONFIG}"
        )
    return described


def _shapes(source: ModelSource, file: str) -> Iterator[list[int]]:
    """Yield the shapes of all tensors in a file; UnsupportedModelError if they are quantised."""
    with safe_open(source.folder / file, framework="np") as weights:
        for key in weights.keys():  # noqa: SIM118 - no dict, and cannot be iterated
            found = weights.get_slice(key)
            shape, dtype = found.get_shape(), found.get_dtype()
            if len(shape) > 1 and key.endswith(("weight", "packed")) and not WHOLE.match(dtype):
                raise UnsupportedModelError(
                    f"the weights of {source.name} are quantised ({key} is {dtype}), {NOT_READ}"
                )
            yield shape
