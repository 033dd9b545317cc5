"""What becomes of a product of two tensors on its way to a softmax, operation by operation."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch

from attentionviz.models.rules import HIDDEN_AT_MOST

Tensor = torch.Tensor
aten = torch.ops.aten

SOFTMAXES = {aten._softmax, aten._safe_softmax}
ENDS = {aten.mm, aten.addmm, aten.convolution, aten.embedding}
"""Operations with weights of the model, whose output is not followed."""

WEIGHTS_KEPT_BY = {
    aten.mul,
    aten.div,
    aten.add,
    aten.where,
    aten.masked_fill,
    aten.nan_to_num,
    aten.native_dropout,
}
"""Operations between a softmax and the product with values; what they change, the check notices."""

COPIES = {aten.clone, aten._to_copy, aten.alias, aten.detach, aten.lift_fresh}
VIEWS = {
    aten.view: aten.view,
    aten._unsafe_view: aten.view,
    aten.permute: aten.permute,
    aten.transpose: aten.transpose,
    aten.t: aten.t,
    aten.unsqueeze: aten.unsqueeze,
    aten.squeeze: aten.squeeze,
    aten.expand: aten.expand,
    aten.slice: aten.slice,
}
"""Operations that rearrange a tensor, and those that do so without copying it."""


@dataclass(frozen=True)
class Product:
    """A product of two batches of vectors: number (b, i, j) is ``left[b, i] · right[b, j]``.

    Attributes
    ----------
    left : Tensor, shape (n_batch, n_left, d)
    right : Tensor, shape (n_batch, n_right, d)
    left_factor, right_factor : float
        What the vectors had been multiplied with, as far as it was seen.
    """

    left: Tensor
    right: Tensor
    left_factor: float
    right_factor: float

    def layout(self) -> Tensor:
        """Return a contiguous tensor of the shape of the product, without storage."""
        return torch.empty(*self.left.shape[:2], self.right.shape[1], device="meta")


@dataclass(frozen=True)
class Term:
    """Numbers added to scores, or booleans by which scores are replaced with a hiding number.

    Attributes
    ----------
    tensor : Tensor
        Broadcast to the axes of the product, of which the first may be divided.
    source : Tensor
        The tensor as the model has it; layers may share it.
    factor : float
        Of the numbers.
    hides : bool or None
        The boolean that hides a key; None for numbers.
    """

    tensor: Tensor
    source: Tensor
    factor: float = 1.0
    hides: bool | None = None


@dataclass(frozen=True)
class Scores:
    """A tensor that is ``scaling · product + terms``, or the product changed in another way.

    Attributes
    ----------
    product : Product
    layout : Tensor
        Of the shape of the tensor, without storage; its strides are those that each axis has in the
        contiguous product, so they tell what an axis is.
    scaling : float
    terms : tuple of Term
    is_capped : bool
        Whether the product, times `inner`, went through a hyperbolic tangent; `scaling` is then the
        soft cap.
    inner : float
    has_content : bool
        Whether the numbers of another product were added.
    changed_by : str or None
        First operation whose effect is none of these.
    """

    product: Product
    layout: Tensor
    scaling: float = 1.0
    terms: tuple[Term, ...] = ()
    is_capped: bool = False
    inner: float = 1.0
    has_content: bool = False
    changed_by: str | None = None


@dataclass(frozen=True)
class Weights:
    """The output of a softmax over scores.

    Attributes
    ----------
    scores : Scores
        Input of the softmax.
    layout : Tensor
        See `Scores`.
    keys_are_left : bool
        Whether the softmax is over the left vectors of the product.
    """

    scores: Scores
    layout: Tensor
    keys_are_left: bool = False


@dataclass(frozen=True)
class Scaled:
    """A tensor that is another one times a number."""

    factor: float


def moved(layout: Tensor, packet: Any, rest: tuple[Any, ...], kwargs: Any) -> Tensor | None:
    """Return a layout after an operation of `VIEWS`; None if axes are mixed or numbers left out."""
    try:
        made: Tensor = VIEWS[packet](layout, *rest, **kwargs)
    except RuntimeError:  # such as "view size is not compatible with … stride"
        return None
    return made if made.numel() == layout.numel() else None


def by_product(tensor: Tensor, layout: Tensor) -> Tensor:
    """Return a tensor that is broadcast to a layout with its axes in the order of the product."""
    full = tensor.view(*[1] * (layout.ndim - tensor.ndim), *tensor.shape)
    strides = layout.stride()
    order = sorted(range(layout.ndim), key=lambda axis: -strides[axis])
    return full.permute(order)


def number(value: Any) -> float | None:
    """Return a number, also of a tensor with one number; None for anything else."""
    if isinstance(value, Tensor):
        return float(value.item()) if value.numel() == 1 else None
    return float(value) if isinstance(value, int | float) else None


def scaled(scores: Scores, factor: float) -> Scores:
    """Return scores times a number."""
    terms = tuple(replace(term, factor=term.factor * factor) for term in scores.terms)
    return replace(scores, scaling=scores.scaling * factor, terms=terms)


def changed(scores: Scores, by: Any, shape: torch.Size | None = None) -> Scores:
    """Return scores that an operation changed in a way that is not followed."""
    layout = scores.layout if shape is None else torch.empty(shape, device="meta")
    return replace(scores, layout=layout, changed_by=scores.changed_by or by.__name__)


def _multiply(scores: Scores, place: int, args: Any, _: Any) -> Scores | None:
    other = args[1 - place]
    factor = number(other)
    if factor is not None:
        return scaled(scores, factor)
    if other.ndim > scores.layout.ndim or not bool(((other == 0) | (other == 1)).all()):
        return None
    # Older models multiply with 0, then add a hiding number: ``w * mask - 1e4 * (1 - mask)``.
    mask = Term(by_product(other.bool(), scores.layout), other, hides=False)
    return replace(scores, terms=(*scores.terms, mask))


def _divide(scores: Scores, place: int, args: Any, kwargs: Any) -> Scores | None:
    divisor = number(args[1]) if place == 0 and not kwargs else None
    return scaled(scores, 1 / divisor) if divisor else None


def _add(scores: Scores, place: int, args: Any, kwargs: Any, sign: float = 1.0) -> Scores | None:
    alpha = sign * float(kwargs.get("alpha", args[2] if len(args) > 2 else 1))
    if place == 1:
        scores, alpha = scaled(scores, alpha), 1.0
    other = args[1 - place]
    if not isinstance(other, Tensor):
        return scores  # the same number for every key changes no weight
    if other.ndim > scores.layout.ndim:
        return None
    term = Term(by_product(other, scores.layout), other, alpha)
    return replace(scores, terms=(*scores.terms, term))


def _subtract(scores: Scores, place: int, args: Any, kwargs: Any) -> Scores | None:
    return _add(scores, place, args, kwargs, -1.0) if place == 0 else None


def _hide(scores: Scores, mask: Tensor, by: Any, hides: bool) -> Scores | None:
    value = number(by)
    if value is None or value > HIDDEN_AT_MOST or mask.ndim > scores.layout.ndim:
        return None
    term = Term(by_product(mask, scores.layout), mask, hides=hides)
    return replace(scores, terms=(*scores.terms, term))


def _fill(scores: Scores, place: int, args: Any, _: Any) -> Scores | None:
    return _hide(scores, args[1], args[2], hides=True) if place == 0 else None


def _choose(scores: Scores, place: int, args: Any, _: Any) -> Scores | None:
    return _hide(scores, args[0], args[3 - place], hides=place == 2) if place > 0 else None


def _cap(scores: Scores, *_: Any) -> Scores | None:
    if scores.terms or scores.is_capped:
        return None
    return replace(scores, scaling=1.0, is_capped=True, inner=scores.scaling)


def _bound(scores: Scores, place: int, args: Any, kwargs: Any) -> Scores | None:
    """Ignore a bound that only replaces minus infinity or an overflow."""
    bounds = [number(one) for one in (*args[:place], *args[place + 1 :], *kwargs.values())]
    return scores if all(one is None or abs(one) >= -HIDDEN_AT_MOST for one in bounds) else None


FOLLOWED: dict[Any, Callable[[Scores, int, Any, Any], Scores | None]] = {
    aten.mul: _multiply,
    aten.div: _divide,
    aten.add: _add,
    aten.sub: _subtract,
    aten.masked_fill: _fill,
    aten.where: _choose,
    aten.tanh: _cap,
    aten.clamp: _bound,
    aten.clamp_min: _bound,
    aten.maximum: _bound,
}
"""What an operation makes of scores, given the place of the scores in its arguments; None if that
is not followed."""


def is_over_keys(weights: Weights, layout: Tensor) -> bool:
    """Return whether the last axis of a layout (n, i, j) is that of the softmax."""
    if weights.scores.changed_by or weights.scores.has_content:
        return True  # to be refused
    product = weights.scores.product.layout()
    expected = product.mT if weights.keys_are_left else product
    return layout.shape == expected.shape and all(
        size == 1 or layout.stride(axis) == expected.stride(axis)
        for axis, size in enumerate(layout.shape)
    )


def _softmax_of(scores: Scores, dim: int) -> Weights | None:
    """Return the weights of scores; None if the softmax is over neither side of the product."""
    layout = scores.layout
    if scores.changed_by or scores.has_content or layout.shape[dim] == 1:
        return Weights(scores, layout)
    n_right = scores.product.right.shape[1]
    stride = layout.stride(dim)
    if stride not in (1, n_right):
        return None
    return Weights(scores, layout, keys_are_left=stride == n_right)


def next_scores(scores: Any, packet: Any, args: Any, kwargs: Any, output: Any) -> Any:
    """Return what an operation made of scores."""
    place, one = scores[0]
    shape = output.shape if isinstance(output, Tensor) else None
    if len(scores) > 1:
        others = {id(other.product) for _, other in scores}
        has_content = len(others) > 1 or any(other.has_content for _, other in scores)
        return replace(changed(one, packet, shape), has_content=has_content)
    if packet in SOFTMAXES:
        return _softmax_of(one, args[1])
    if packet in COPIES:
        return one
    made: Scores | None = None
    if isinstance(args[place], Tensor) and not one.changed_by:
        if packet in VIEWS:
            layout = moved(one.layout, packet, args[1:], kwargs)
            made = None if layout is None else replace(one, layout=layout)
        elif packet in FOLLOWED and shape == one.layout.shape:
            made = FOLLOWED[packet](one, place, args, kwargs)
    return made or changed(one, packet, shape)


def kept_weights(one: Weights, packet: Any, args: Any, kwargs: Any, output: Any) -> Any:
    """Return what an operation made of weights, or None if it is no longer such."""
    if packet in COPIES:
        return one
    if one.scores.changed_by or one.scores.has_content:
        return None if packet in ENDS else one
    if packet in VIEWS:
        layout = moved(one.layout, packet, args[1:], kwargs)
        return None if layout is None else replace(one, layout=layout)
    first = output[0] if isinstance(output, tuple) else output
    return one if packet in WEIGHTS_KEPT_BY and first.shape == one.layout.shape else None
