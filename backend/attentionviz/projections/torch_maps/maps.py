"""Maps of many heads: groups of the same size, in batches that fit into the memory."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from attentionviz.errors import BuildError, MethodNotFoundError
from attentionviz.projections import registry
from attentionviz.projections.torch_maps import attention_tsne, tsne
from attentionviz.projections.torch_maps.heads import HeadBatch
from attentionviz.projections.torch_maps.memory import heads_per_batch, in_batches
from attentionviz.projections.vectors import HeadVectors, Projection

MODULES: dict[str, Any] = dict(zip(registry.GPU_METHODS, (attention_tsne, tsne), strict=True))


@torch.inference_mode()
def project_heads(
    method: str,
    heads: Sequence[HeadVectors],
    *,
    dims: int,
    seed: int,
    device: str,
    n_sharing: int = 1,
    **parameters: Any,
) -> list[Projection]:
    """Return the maps of some heads, computed on a device.

    Parameters
    ----------
    method : str
        One of `MODULES`.
    heads : sequence of HeadVectors
        Of any sizes; those of the same size are computed together.
    dims : 2 or 3
    seed : int
    device : str
        Such as "cuda".
    n_sharing : int
        Processes that share its memory.
    **parameters
        Replace values of `registry.defaults`.

    Raises
    ------
    MethodNotFoundError
        If the method has no implementation in PyTorch.
    DeviceMemoryError
        If one head needs more memory than the device has.
    BuildError
        If the coordinates are not finite, or the device fails.
    """
    if method not in MODULES:
        raise MethodNotFoundError(f"{method} is not computed on a GPU; {', '.join(MODULES)} are")
    settings = {**registry.defaults(method, dims), **parameters}
    place = torch.device(device)
    maps: dict[int, Projection] = {}
    groups: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for index, vectors in enumerate(heads):
        if registry.is_degenerate(method, vectors):
            maps[index] = registry.project(method, vectors, dims=dims, seed=seed, **parameters)
        else:
            groups[vectors.queries.shape, vectors.keys.shape].append(index)

    def compute(batch: Sequence[HeadVectors]) -> list[Projection]:
        made: list[Projection] = MODULES[method].project(
            HeadBatch(tuple(batch), place), dims=dims, seed=seed, settings=settings
        )
        return made

    for indices in groups.values():
        group = [heads[index] for index in indices]
        n_neighbours = MODULES[method].neighbours_kept(settings, group[0].n_points)
        n_at_once = heads_per_batch(group[0], n_neighbours, place, n_sharing)
        try:
            maps |= zip(indices, in_batches(compute, group, n_at_once, place), strict=True)
        except (RuntimeError, NotImplementedError) as error:
            raise BuildError(
                f"{method} failed on the {device} device: {' '.join(str(error).split())[:300]}; "
                "to compute maps on the CPU, build with --device cpu"
            ) from error
    if not all(np.isfinite(one.coordinates).all() for one in maps.values()):
        raise BuildError(f"{method} in {dims}-D gave coordinates that are not finite on {device}")
    return [maps[index] for index in range(len(heads))]
