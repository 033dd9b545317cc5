"""Final gradient descent of attention t-SNE; see `attentionviz.projections.sharpening`."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from attentionviz.projections.sharpening import SEARCH_EVERY, Sharpening
from attentionviz.projections.torch_maps.memory import block_rows
from attentionviz.projections.torch_maps.neighbours import nearest_in_map, squared_distances


class KeysAround(NamedTuple):
    """The keys over which the distribution of each query is summed.

    Attributes
    ----------
    near : Tensor of int64, shape (n_heads, n_queries, n_near)
    squared_widths, squared_limits : Tensor of float32, shapes (n_heads, n_queries)
        Squared distances to the key that gives the width, and to the last of the nearest keys.
    far : Tensor of int64, shape (n_far,)
        A random sample of all keys, the same in all heads.
    """

    near: Tensor
    squared_widths: Tensor
    squared_limits: Tensor
    far: Tensor


def sharpen(
    queries: Tensor, keys: Tensor, targets: Tensor, parameters: Sharpening, seed: int
) -> tuple[Tensor, Tensor]:
    """Return queries and keys after some iterations of the descent.

    Parameters
    ----------
    queries, keys : Tensor of float32, shapes (n_heads, n_queries, dims), (n_heads, n_keys, dims)
    targets : Tensor of int64, shape (n_heads, n_queries, n_targets)
        The strongest keys of each query.
    parameters : Sharpening
    seed : int
        Of the samples of far keys.
    """
    q_step, k_step = torch.zeros_like(queries), torch.zeros_like(keys)
    rate, momentum = parameters.rate, parameters.momentum
    for iteration in range(parameters.iterations):
        if iteration % SEARCH_EVERY == 0:
            around = _keys_around(queries, keys, targets.shape[2], parameters, seed + iteration)
        on_queries, on_keys, weights = _forces(queries, keys, targets, around)
        q_step = momentum * q_step + rate * on_queries
        k_step = momentum * k_step + rate * on_keys / (1 + weights)
        queries, keys = queries + q_step, keys + k_step
    return queries, keys


def _keys_around(
    queries: Tensor, keys: Tensor, n_width: int, parameters: Sharpening, seed: int
) -> KeysAround:
    n_keys = keys.shape[1]
    n_near = min(max(parameters.near_keys, n_width), n_keys)
    near, squared = nearest_in_map(queries, keys, n_near)
    extent = (keys.amax(dim=1) - keys.amin(dim=1)).amax(dim=1)
    least = (1e-4 * extent.clamp(min=1e-9)).square()
    widths = torch.maximum(squared[:, :, min(n_width, n_near) - 1], least[:, None])
    n_far = min(parameters.far_keys, n_keys) if n_near < n_keys else 0
    far = np.random.default_rng(seed).choice(n_keys, n_far, replace=False)
    chosen = torch.from_numpy(far.astype(np.int64)).to(keys.device)
    return KeysAround(near, widths, squared[:, :, -1], chosen)


def _forces(
    queries: Tensor, keys: Tensor, targets: Tensor, around: KeysAround
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the forces on queries and keys, and the weight of those on each key, (…, 1)."""
    far = keys[:, around.far]  # (head, far, dims)
    on_keys = keys.new_zeros((*keys.shape[:2], keys.shape[2] + 1))  # forces, then weight
    on_queries = []
    rows = block_rows(keys.shape[0], around.near.shape[2] + len(around.far), keys.device)
    for top in range(0, queries.shape[1], rows):
        part = slice(top, top + rows)
        q, width = queries[:, part], around.squared_widths[:, part, None]
        away, totals = _from_far(q, far, width, around.squared_limits[:, part, None], keys.shape[1])
        near, on_near, all_w = _from_near(q, keys, around.near[:, part], width, totals)
        pulls, to_targets = _to_targets(q, keys, targets[:, part], width)
        on_queries.append(pulls.sum(dim=2) - on_near.sum(dim=2) - away / all_w)
        _add(on_keys, around.near[:, part], on_near, near)
        _add(on_keys, targets[:, part], -pulls, to_targets)
    return torch.cat(on_queries, dim=1), on_keys[:, :, :-1], on_keys[:, :, -1:]


def _from_far(
    q: Tensor, far: Tensor, width: Tensor, limit: Tensor, n_keys: int
) -> tuple[Tensor, Tensor]:
    """Return the forces of far keys before normalisation, and the sum of their w, (head, q, 1)."""
    squared = squared_distances(q, far)
    each = n_keys / max(far.shape[1], 1)
    u = torch.where(squared > limit, 1 / (1 + squared / width), 0)
    cubes = each * u**3
    forces = cubes @ far - q * cubes.sum(dim=2, keepdim=True)
    return forces, each * u.square().sum(dim=2, keepdim=True)


def _from_near(
    q: Tensor, keys: Tensor, near: Tensor, width: Tensor, totals: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return weights (head, q, near) and forces (…, dims) of near keys, and the sum of w."""
    steps = _chosen(keys, near) - q[:, :, None]
    u = 1 / (1 + steps.square().sum(dim=3) / width)
    all_w = totals + u.square().sum(dim=2, keepdim=True)
    parts = u**3 / all_w
    return parts, parts[..., None] * steps, all_w


def _to_targets(q: Tensor, keys: Tensor, targets: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
    """Return forces (head, q, target, dims) and weights (head, q, target) of targets."""
    steps = _chosen(keys, targets) - q[:, :, None]
    parts = 1 / targets.shape[2] / (1 + steps.square().sum(dim=3) / width)
    return parts[..., None] * steps, parts


def _chosen(keys: Tensor, indices: Tensor) -> Tensor:
    """Return the keys with these indices in each head, (head, query, chosen, dims)."""
    heads = torch.arange(keys.shape[0], device=keys.device)[:, None, None]
    return keys[heads, indices]


def _add(on_keys: Tensor, indices: Tensor, forces: Tensor, weights: Tensor) -> None:
    """Add forces and weights to those of the keys with these indices."""
    heads = torch.arange(on_keys.shape[0], device=on_keys.device)[:, None, None]
    places = (heads * on_keys.shape[1] + indices).flatten()
    added = torch.cat([forces, weights[..., None]], dim=3)
    on_keys.view(-1, on_keys.shape[2]).index_add_(0, places, added.view(-1, on_keys.shape[2]))
