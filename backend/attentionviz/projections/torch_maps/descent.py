"""Gradient descent of t-SNE, as openTSNE's with the settings of `attentionviz.projections`."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from attentionviz.projections.descent import START_WIDTH
from attentionviz.projections.torch_maps.affinities import Pairs, precise

# openTSNE's gradient_descent: gains of coordinates whose direction changes or not, longest step.
GAIN_CHANGED, GAIN_SAME, LEAST_GAIN = 0.2, 0.8, 0.01
MAX_STEP = 5.0

# From points to the sum of w over pairs that repel each other, in both orders, and the forces.
Repel = Callable[[Tensor], tuple[Tensor, Tensor]]


def descend(
    start: Tensor,
    pairs: Pairs,
    repel: Repel,
    settings: Mapping[str, Any],
    *,
    start_width: float | None = START_WIDTH,
) -> tuple[Tensor, Tensor]:
    """Return the final maps and their Kullback-Leibler divergences.

    Parameters
    ----------
    start : Tensor of float32, shape (n_heads, n_points, dims)
    pairs : Pairs
    repel : callable
        ``repel(points)`` returns the sum of w over all pairs of points that repel each other,
        shape (n_heads,), and the forces, shape (n_heads, n_points, dims).
    settings : mapping
        Values for the keys of `descent.DESCENT_DEFAULTS`.
    start_width : float or None
        The start is scaled to this standard deviation on its first axis; None to leave it.

    Returns
    -------
    points : Tensor of float32, shape (n_heads, n_points, dims)
    divergences : Tensor of floats, shape (n_heads,)
    """
    points = start
    if start_width is not None:
        width = start[:, :, 0].std(dim=1, correction=0)
        factor = torch.where(width > 0, start_width / width, torch.zeros_like(width))
        points = start * factor[:, None, None]
    step, gains = torch.zeros_like(points), torch.ones_like(points)
    for prefix, exaggeration in (("early_", settings["early_exaggeration"]), ("", 1.0)):
        rate, momentum = points.shape[1] / exaggeration, settings[f"{prefix}momentum"]
        for _ in range(settings[f"{prefix}iterations"]):
            total, repulsion = repel(points)
            gradient = exaggeration * _attraction(points, pairs)
            gradient -= repulsion / total[:, None, None]
            changed = step.sign() != gradient.sign()
            gains = torch.where(changed, gains + GAIN_CHANGED, gains * GAIN_SAME + LEAST_GAIN)
            step = momentum * step - rate * gains * gradient
            step *= (MAX_STEP / step.norm(dim=2, keepdim=True)).clamp(max=1)
            points = points + step
            points -= points.mean(dim=1, keepdim=True)
    total, _ = repel(points)
    return points, _divergences(points, pairs, total)


def _attraction(points: Tensor, pairs: Pairs) -> Tensor:
    """Return the attraction of each point to its neighbours, shape of `points`."""
    flat = points.flatten(0, 1)
    pull = flat[pairs.first] - flat[pairs.second]
    pull *= (pairs.affinities / (1 + pull.square().sum(dim=1)))[:, None]
    forces = torch.zeros_like(flat)
    forces.index_add_(0, pairs.first, pull)
    forces.index_add_(0, pairs.second, pull, alpha=-1)
    return forces.view_as(points)


def _divergences(points: Tensor, pairs: Pairs, total: Tensor) -> Tensor:
    """Return KL(P ‖ Q) of each head, where q_ij = w_ij / total."""
    flat, wide = points.flatten(0, 1), precise(points.device)
    squared = (flat[pairs.first] - flat[pairs.second]).square().sum(dim=1).to(wide)
    p, head = pairs.affinities.to(wide), pairs.first // points.shape[1]
    terms = p * (p.clamp(min=1e-30).log() + squared.log1p() + total.to(wide).log()[head])
    sums = torch.zeros(points.shape[0], dtype=wide, device=points.device)
    return 2 * sums.index_add_(0, head, terms)
