"""Placement of each query where most of its strongest keys are nearest.

See `attentionviz.projections.placing`. Candidates that are near to any target of a query are
listed, sorted and counted, at a cost linear in their number.
"""

import numpy as np
import torch
from torch import Tensor

from attentionviz.projections.placing import MOST_CANDIDATES
from attentionviz.projections.torch_maps.memory import block_rows
from attentionviz.projections.torch_maps.neighbours import nearest_in_map


def candidate_positions(queries: Tensor, keys: Tensor, n_around: int, seed: int) -> Tensor:
    """Return candidate positions: those of queries and keys, and random ones around every key.

    Parameters
    ----------
    queries, keys : Tensor of float32, shapes (n_heads, n_queries, dims), (n_heads, n_keys, dims)
    n_around : int
        Positions around each key, uniform in the disc or ball up to its tenth neighbour.
    seed : int

    Returns
    -------
    Tensor of float32, shape (n_heads, n_queries + (1 + n_around) * n_keys, dims)
    """
    n_heads, n_keys, dims = keys.shape
    n_near = min(11, n_keys)  # the first is the key itself
    reach = nearest_in_map(keys, keys, n_near)[1][:, :, -1].sqrt()
    rng = np.random.default_rng(seed)
    steps = rng.standard_normal((n_around, n_keys, dims))
    steps /= np.linalg.norm(steps, axis=2, keepdims=True)
    steps *= rng.uniform(size=(n_around, n_keys, 1)) ** (1 / dims)
    unit = torch.from_numpy(steps.astype(np.float32)).to(keys.device)
    around = keys[:, None] + unit * reach[:, None, :, None]  # (head, around, key, dims)
    return torch.cat([queries, keys, around.view(n_heads, -1, dims)], dim=1)


def place_queries(queries: Tensor, keys: Tensor, targets: Tensor, candidates: Tensor) -> Tensor:
    """Return each query at the candidate whose nearest keys include most of its targets.

    Parameters
    ----------
    queries : Tensor of float32, shape (n_heads, n_queries, dims)
        Current positions; of equally good candidates, the nearest to this is chosen.
    keys : Tensor of float32, shape (n_heads, n_keys, dims)
    targets : Tensor of int64, shape (n_heads, n_queries, n_targets)
    candidates : Tensor of float32, shape (n_heads, n_candidates, dims)
    """
    n_heads, n_keys, dims = keys.shape
    n_targets = targets.shape[2]
    found, _ = nearest_in_map(candidates, keys, n_targets)
    heads = torch.arange(n_heads, device=keys.device)[:, None, None]
    near = (heads * n_keys + found).view(-1, n_targets)  # keys of all heads, one after the other
    kept = _thinned(near[:, 0])
    places, near = candidates.view(-1, dims)[kept], near[kept]
    # Candidates with key j among their nearest: holders[starts[j]:starts[j] + sizes[j]].
    holders = torch.argsort(near.flatten(), stable=True) // n_targets
    sizes = torch.bincount(near.flatten(), minlength=n_heads * n_keys)
    starts = sizes.cumsum(0) - sizes
    wanted = (heads * n_keys + targets).view(-1, n_targets)
    old = queries.reshape(-1, dims)
    chosen = torch.empty_like(old)
    for part in _parts(sizes[wanted].sum(dim=1), block_rows(1, 1, keys.device)):
        pairs = _query_holders(wanted[part], sizes, starts, holders)
        chosen[part] = _best(pairs, old[part], places)
    return chosen.view_as(queries)


def _thinned(nearest: Tensor) -> Tensor:
    """Return the candidates that are kept, ascending: the last ones of each nearest key."""
    grouped, order = nearest.flip(0).sort(stable=True)
    ranks = torch.arange(len(grouped), device=nearest.device) - torch.searchsorted(grouped, grouped)
    return (len(nearest) - 1 - order[ranks < MOST_CANDIDATES]).sort().values


def _parts(n_holders: Tensor, most: int) -> list[slice]:
    """Return slices of the queries with so many holders, or a little more, in each."""
    group = (n_holders.cumsum(0) // most).cpu().numpy()
    bounds = [0, *(np.flatnonzero(np.diff(group)) + 1), len(group)]
    return [slice(low, high) for low, high in zip(bounds, bounds[1:], strict=False)]


def _query_holders(
    wanted: Tensor, sizes: Tensor, starts: Tensor, holders: Tensor
) -> tuple[Tensor, Tensor]:
    """Return all pairs of a query and a candidate near one of its targets, as often as it is."""
    flat = wanted.flatten()
    n_each = sizes[flat]
    ends = n_each.cumsum(0)
    total = int(ends[-1])
    entry = torch.repeat_interleave(
        torch.arange(len(flat), device=flat.device), n_each, output_size=total
    )
    offset = torch.arange(total, device=flat.device) - (ends - n_each)[entry]
    return entry // wanted.shape[1], holders[starts[flat][entry] + offset]


def _best(pairs: tuple[Tensor, Tensor], queries: Tensor, places: Tensor) -> Tensor:
    """Return each query at its best candidate; where it is, if no candidate is near a target."""
    query, candidate = pairs
    n_queries, n_places = len(queries), len(places)
    code, counts = torch.unique(query * n_places + candidate, return_counts=True)
    query, candidate = code // n_places, code % n_places
    most = counts.new_zeros(n_queries).scatter_reduce_(0, query, counts, "amax")
    is_best = counts == most[query]
    query, candidate = query[is_best], candidate[is_best]
    squared = (places[candidate] - queries[query]).square().sum(dim=1)
    least = squared.new_full((n_queries,), torch.inf).scatter_reduce_(0, query, squared, "amin")
    is_nearest = squared == least[query]
    query, candidate = query[is_nearest], candidate[is_nearest]
    # Of several, the first: the same whatever the order of writing.
    first = candidate.new_full((n_queries,), n_places)
    first.scatter_reduce_(0, query, candidate, "amin")
    has_any = first < n_places
    return torch.where(has_any[:, None], places[first.clamp(max=n_places - 1)], queries)
