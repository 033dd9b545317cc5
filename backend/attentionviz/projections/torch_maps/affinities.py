"""Affinities of t-SNE: Gaussian with the same perplexity for all points, and the softmax."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from attentionviz.projections.torch_maps.neighbours import Found

# Halvings of the interval in which the logarithm of a Gaussian's precision lies.
N_HALVINGS = 60
LOG_PRECISIONS = (-40.0, 80.0)


class Pairs(NamedTuple):
    """Affinities of pairs of points of all heads, each pair once.

    Attributes
    ----------
    first, second : Tensor of int64, shape (n_pairs,)
        ``head * n_points + point``.
    affinities : Tensor of float32, shape (n_pairs,)
        Half of each head's sum to 1, since every pair counts in both orders.
    """

    first: Tensor
    second: Tensor
    affinities: Tensor


def precise(device: torch.device) -> torch.dtype:
    """Return float64; float32 on Apple's devices, which have no other."""
    return torch.float32 if device.type == "mps" else torch.float64


def row_affinities(distances: Tensor, perplexity: float) -> Tensor:
    """Return the affinities p(j|i) over the neighbours j of each point i.

    Parameters
    ----------
    distances : Tensor of float32, shape (..., n_neighbours)
    perplexity : float
        Effective number of neighbours of every point; at most a third of `n_neighbours`.

    Returns
    -------
    Tensor of float32, shape (..., n_neighbours)
        Every row sums to 1.
    """
    squared = distances.to(precise(distances.device)).square()
    squared = squared - squared.min(dim=-1, keepdim=True).values
    mean = squared.mean(dim=-1, keepdim=True)
    squared = squared / torch.where(mean > 0, mean, torch.ones_like(mean))
    low = torch.full_like(mean, LOG_PRECISIONS[0])
    high = torch.full_like(mean, LOG_PRECISIONS[1])
    for _ in range(N_HALVINGS):
        middle = (low + high) / 2
        is_wide = _entropy(squared, middle) > np.log(perplexity)
        low, high = torch.where(is_wide, middle, low), torch.where(is_wide, high, middle)
    return torch.softmax(-squared * ((low + high) / 2).exp(), dim=-1).to(torch.float32)


def _entropy(squared: Tensor, log_precision: Tensor) -> Tensor:
    exponents = squared * log_precision.exp()
    weights = (-exponents).exp()
    total = weights.sum(dim=-1, keepdim=True)  # at least 1: that of the nearest
    return total.log() + torch.where(weights > 0, weights * exponents, 0).sum(-1, True) / total


def softmax_rows(distances: Tensor) -> Tensor:
    """Return the softmax of each query over its found keys, tempered where it is too sharp.

    Parameters
    ----------
    distances : Tensor of float32, shape (n_heads, n_queries, n_found)
        From `strongest`.

    Notes
    -----
    See `attentionviz.projections.attention_tsne.softmax_rows`.
    """
    weights = torch.softmax(-distances.to(precise(distances.device)).square(), dim=-1)
    entropy = torch.special.entr(weights).sum(dim=-1)
    is_sharp = entropy < np.log(distances.shape[-1] / 3)
    rows = weights.to(torch.float32)
    rows[is_sharp] = row_affinities(distances[is_sharp], distances.shape[-1] / 3)
    return rows


def query_key_pairs(
    to_keys: list[tuple[Tensor, Tensor]], to_queries: tuple[Tensor, Tensor], n_points: int
) -> Pairs:
    """Return pairs of queries and keys.

    Parameters
    ----------
    to_keys : list of tuple
        Keys of each query and their affinities, shapes (n_heads, n_queries, n_found).
    to_queries : tuple
        Queries of each key and their affinities, shapes (n_heads, n_keys, n_found).
    n_points : int
        Queries and keys of each head.
    """
    keys, _ = to_keys[0]
    n_heads, n_queries, _ = keys.shape
    n_keys = to_queries[0].shape[1]
    heads = torch.arange(n_heads, device=keys.device)[:, None, None]
    codes, weights = [], []
    for found, affinities in to_keys:
        rows = torch.arange(n_queries, device=keys.device)[:, None]
        codes.append(((heads * n_queries + rows) * n_keys + found).flatten())
        weights.append(affinities.flatten())
    found, affinities = to_queries
    columns = torch.arange(n_keys, device=keys.device)[:, None]
    codes.append(((heads * n_queries + found) * n_keys + columns).flatten())
    weights.append(affinities.flatten())
    code, summed = _merged(torch.cat(codes), torch.cat(weights))
    query, key = code // n_keys, code % n_keys  # query of all heads, key of its head
    head = query // n_queries
    first = head * n_points + query % n_queries
    return Pairs(first, head * n_points + n_queries + key, summed)


def symmetric_pairs(neighbours: Found, rows: Tensor) -> Pairs:
    """Return pairs of neighbours, with (p(j|i) + p(i|j)) / 2n as affinity.

    Parameters
    ----------
    neighbours : Found
    rows : Tensor of float32, shape (n_heads, n_points, n_neighbours)
        p(j|i).
    """
    n_heads, n_points, _ = rows.shape
    own = torch.arange(n_points, device=rows.device)[:, None].expand(rows.shape)
    low, high = torch.minimum(own, neighbours.indices), torch.maximum(own, neighbours.indices)
    heads = torch.arange(n_heads, device=rows.device)[:, None, None]
    codes = (heads * n_points + low) * n_points + high
    code, summed = _merged(codes.flatten(), rows.flatten() / (2 * n_points))
    first = code // n_points
    return Pairs(first, first // n_points * n_points + code % n_points, summed)


def _merged(codes: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Return each code once, ascending, with the sum of its weights."""
    unique, place = torch.unique(codes, return_inverse=True)
    summed = torch.zeros(len(unique), dtype=weights.dtype, device=weights.device)
    return unique, summed.index_add_(0, place, weights)
