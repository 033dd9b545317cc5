"""Observation of attention that a model computes in code of its own.

All operations of a forward pass are observed as PyTorch dispatches them, where ``matmul``, ``@``
and ``einsum`` are the same batched product. Attention is recognised by its graph, whatever a module
is called: a product of two tensors, which becomes the input of a softmax over the keys after
scaling, casts, masks, biases or a cap, and then a product of the softmax with values. Other
softmaxes, such as those of routers and kernels, lack one of these products.

Notes
-----
Dispatched operations are few: `traced_scores` knows all that occur. A `TorchFunctionMode` takes a
third of the time for each operation, but has several names for each, an own notation in ``einsum``,
and does not see what `torch.nn.MultiheadAttention` does inside.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakTensorKeyDictionary

from attentionviz.errors import UnsupportedModelError
from attentionviz.models.interface import AttentionCall
from attentionviz.models.traced_scores import (
    COPIES,
    ENDS,
    FOLLOWED,
    VIEWS,
    Product,
    Scaled,
    Scores,
    Term,
    Weights,
    changed,
    is_over_keys,
    kept_weights,
    next_scores,
    number,
    scaled,
)

Tensor = torch.Tensor
aten = torch.ops.aten

MADE_OF_PRODUCTS = {aten.matmul, aten.einsum, aten.inner, aten.tensordot}
N_MASKS_KEPT = 4

CONTENT = (
    "layer {}: its scores also depend on content beyond q·k: another product of vectors is added"
)
CHANGED = (
    "layer {}: its scores also depend on an operation between q·k and the softmax ({}), so they "
    "are more than q·k"
)


@dataclass(frozen=True, kw_only=True)
class TracedCall(AttentionCall):
    """An attention call with the weights that the model computed.

    Attributes
    ----------
    weights : Tensor, shape (n_sequences, n_heads, n_padded, n_padded)
        What the values were multiplied with: the output of the softmax, and whatever the model did
        to it.
    """

    weights: Tensor


TraceListener = Callable[[int, TracedCall], None]


class Trace(TorchDispatchMode):
    """Reports the attention calls of one forward pass to a listener.

    Parameters
    ----------
    listener : callable
        Called with the index of the call, from 0, and the `TracedCall`.
    network : Module
    n_sequences : int
        Of the batch.
    n_key_heads : list of int or None
        Of each call. Heads that repeat the keys of another are left out; if None, they are found by
        comparison.
    has_two_texts : bool
        Whether keys may be of another text than queries; else such attention is not reported.

    Attributes
    ----------
    n_calls : int
    """

    def __init__(
        self,
        listener: TraceListener,
        network: torch.nn.Module,
        n_sequences: int,
        n_key_heads: list[int] | None = None,
        *,
        has_two_texts: bool = False,
    ) -> None:
        super().__init__()
        self.has_two_texts = has_two_texts
        self.listener = listener
        self.n_sequences = n_sequences
        self.n_key_heads = n_key_heads
        self.n_calls = 0
        self.running = [network]
        self._names = {module: name for name, module in network.named_modules()}
        self._waiting: list[tuple[int, TracedCall]] = []
        self._known: Any = WeakTensorKeyDictionary()
        self._written: list[tuple[StorageWeakRef, Scores]] = []
        self._masks: list[tuple[list[Any], list[Tensor], Tensor]] = []

    def function_of(self, _mask: Tensor | None) -> None:
        """Return None: the function from which a mask was made is not known."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run an operation and follow what it does to products."""
        kwargs, packet = kwargs or {}, func.overloadpacket
        if packet is aten.scaled_dot_product_attention:
            return self._attend(*args, **kwargs)
        known = [(place, one) for place, arg in enumerate(args) if (one := self._of(arg))]
        if (known or packet in MADE_OF_PRODUCTS) and func._can_decompose():
            with self:
                made = func.decompose(*args, **kwargs)
            if made is not NotImplemented:
                return made
        output = func(*args, **kwargs)
        if packet is aten.bmm:
            self._multiply(output, *args)
        elif packet is aten.baddbmm:
            self._multiply_and_add(output, *args, **kwargs)
        elif known:
            self._follow(packet, known, args, kwargs, output)
        elif packet in (aten.mul, aten.div):
            self._scale(packet, 1.0, args, output)
        return output

    def _of(self, value: Any) -> Any:
        """Return what is known of an argument."""
        if isinstance(value, list | tuple):
            return next((one for one in map(self._of, value) if one), None)
        if not isinstance(value, Tensor):
            return None
        if found := self._known.get(value):
            return found
        self._written = [pair for pair in self._written if not pair[0].expired()]
        storage = value.untyped_storage()._cdata if self._written else None
        return next((scores for ref, scores in self._written if ref.cdata == storage), None)

    def _factor(self, tensor: Tensor) -> float:
        known = self._of(tensor)
        return known.factor if isinstance(known, Scaled) else 1.0

    def _multiply(self, output: Tensor, left: Tensor, right: Tensor) -> Scores | None:
        """Take the product of (n, i, d) and (n, d, j) for scores, or for weights times values."""
        one, other = self._of(left), self._of(right)
        if isinstance(one, Weights) and is_over_keys(one, one.layout):
            self._report(one, left, right, output)
            return None
        if isinstance(other, Weights) and is_over_keys(other, other.layout.mT):
            self._report(other, right.mT, left.mT, output.mT)
            return None
        product = Product(left, right.mT, self._factor(left), self._factor(right))
        self._known[output] = made = Scores(product, product.layout())
        return made

    def _multiply_and_add(
        self, output: Tensor, first: Tensor, left: Tensor, right: Tensor, **kwargs: Any
    ) -> None:
        """Take the product for scores to which a tensor is added."""
        scores = self._multiply(output, left, right)
        if scores is None:
            return
        scores = scaled(scores, float(kwargs.get("alpha", 1)))
        if beta := kwargs.get("beta", 1):
            has_content = isinstance(self._of(first), Scores)
            added = FOLLOWED[aten.add](scores, 0, (None, first), {"alpha": beta})
            scores = replace(added or changed(scores, aten.baddbmm), has_content=has_content)
        self._known[output] = scores

    def _scale(self, packet: Any, before: float, args: Any, output: Any) -> None:
        """Store by which number a tensor was multiplied."""
        first, second = args
        if packet is aten.mul and isinstance(second, Tensor) and second.numel() > 1:
            first, second = second, first
        if isinstance(first, Tensor) and first.numel() > 1 and (factor := number(second)):
            self._known[output] = Scaled(before * factor if packet is aten.mul else before / factor)

    def _follow(self, packet: Any, known: Any, args: Any, kwargs: Any, output: Any) -> None:
        """Store what an operation made of tensors that are known."""
        is_in_place = packet.__name__.endswith("_")
        plain = getattr(aten, packet.__name__[:-1]) if is_in_place else packet
        scores = [(place, one) for place, one in known if isinstance(one, Scores)]
        weights = [one for _, one in known if isinstance(one, Weights)]
        made: Any = None
        if weights:
            made = kept_weights(weights[0], plain, args, kwargs, output)
        elif scores:
            if plain in ENDS:
                return
            made = next_scores(scores, plain, args, kwargs, output)
        elif plain in COPIES or plain in VIEWS:
            made = known[0][1]
        elif plain in (aten.mul, aten.div):
            self._known.pop(output, None)
            self._scale(plain, known[0][1].factor, args, output)
            return
        if is_in_place:
            self._overwrite(packet, output, made)
        for tensor in output if isinstance(output, list | tuple) else [output]:
            if isinstance(tensor, Tensor):
                self._known.pop(tensor, None)
                if made is not None:
                    self._known[tensor] = made

    def _overwrite(self, packet: Any, output: Tensor, made: Any) -> None:
        """Note that other tensors with the same storage have changed too."""
        storage = output.untyped_storage()
        for tensor, one in list(self._known.items()):
            shares = tensor.untyped_storage()._cdata == storage._cdata
            if shares and isinstance(one, Scores) and tensor is not output:
                self._known[tensor] = changed(one, packet)
        if isinstance(made, Scores) and self._known.get(output) is None:
            self._written.append((StorageWeakRef(storage), changed(made, packet)))

    def _report(self, known: Weights, weights: Tensor, values: Tensor, output: Tensor) -> None:
        """Report weights (n, i, j) times values (n, j, d) to the listener."""
        scores, layer = known.scores, self._layer()
        if scores.has_content:
            raise UnsupportedModelError(CONTENT.format(layer))
        if scores.changed_by:
            raise UnsupportedModelError(CHANGED.format(layer, scores.changed_by))
        product = scores.product
        query = _unscaled(product.left, product.left_factor)
        key = _unscaled(product.right, product.right_factor)
        if known.keys_are_left:
            query, key = key, query
        is_other = query.shape[1] != key.shape[1] and not self.has_two_texts
        if is_other or len(query) % self.n_sequences:
            return  # not the attention of every token to every token
        parts = (query, key, values, weights, output)
        query, key, value, weights, output = (self._by_head(part) for part in parts)
        self._emit(
            query=query,
            key=self._own_keys(key),
            value=_without_repeats(value),
            mask=self._mask(scores.terms, known.keys_are_left, layer),
            scaling=scores.scaling * scores.inner * product.left_factor * product.right_factor,
            softcap=scores.scaling if scores.is_capped else None,
            is_causal=False,
            output=output.transpose(1, 2),
            weights=weights,
        )

    def _attend(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        **options: Any,
    ) -> Tensor:
        """Run PyTorch's own attention in the way that returns its weights too."""
        added = attn_mask
        if attn_mask is not None and attn_mask.dtype == torch.bool:
            added = torch.zeros_like(attn_mask, dtype=query.dtype)
            added = added.masked_fill(~attn_mask, -torch.inf)
        output, weights = aten._scaled_dot_product_attention_math(
            query, key, value, added, dropout_p, is_causal, None, **options
        )
        made: Tensor = output
        if query.shape[-2] != key.shape[-2] and not self.has_two_texts:
            return made
        factors = [self._factor(part) for part in (query, key)]
        query, key = _unscaled(query, factors[0]), _unscaled(key, factors[1])
        if query.ndim == 3:
            parts = (query, key, value, weights, output)
            query, key, value, weights, output = (self._by_head(part) for part in parts)
            attn_mask = None if attn_mask is None else self._by_four_axes(attn_mask, self._layer())
        scale = options.get("scale")
        scaling = query.shape[-1] ** -0.5 if scale is None else float(scale)
        self._emit(
            query=query,
            key=self._own_keys(key),
            value=_without_repeats(value),
            mask=attn_mask,
            scaling=scaling * factors[0] * factors[1],
            is_causal=is_causal,
            output=output.transpose(1, 2),
            weights=weights,
        )
        return made

    def _own_keys(self, key: Tensor) -> Tensor:
        known = self.n_key_heads or []
        return _without_repeats(key, known[self.n_calls] if self.n_calls < len(known) else None)

    def _layer(self) -> int:
        """Return the layer that attends now, for messages: by the name of the running module."""
        numbers = re.findall(r"\d+", self._names.get(self.running[-1], ""))
        return max(self.n_calls, int(numbers[0]) if numbers else 0)  # layers may share a module

    def _emit(self, **parts: Any) -> None:
        self._waiting.append((self.n_calls, TracedCall(module=self.running[-1], **parts)))
        self.n_calls += 1

    def deliver(self) -> None:
        """Call the listener, outside of the operation, where modes of functions apply again."""
        waiting, self._waiting = self._waiting, []
        for layer, call in waiting:
            self.listener(layer, call)

    def _by_head(self, tensor: Tensor) -> Tensor:
        """Return (sequence * head, …) as (sequence, head, …)."""
        return tensor.unflatten(0, (self.n_sequences, -1))

    def _mask(self, terms: tuple[Term, ...], is_turned: bool, layer: int) -> Tensor | None:
        """Return the sum of terms as a mask; the same object for layers that share the terms."""
        key = [(id(term.source), term.factor, term.hides, is_turned) for term in terms]
        for known, _, made in self._masks:
            if known == key:
                return made
        mask: Tensor | None = None
        for term in sorted(terms, key=lambda term: term.hides is not None):  # numbers come first
            tensor = self._by_four_axes(term.tensor, layer)
            tensor = tensor.mT if is_turned else tensor
            if term.hides is None:
                tensor = tensor if term.factor == 1 else tensor * term.factor
                mask = tensor if mask is None else mask + tensor
                continue
            seen = ~tensor if term.hides else tensor
            if mask is None or mask.dtype == torch.bool:
                mask = seen if mask is None else mask & seen
            else:
                mask = mask.masked_fill(~seen, -torch.inf)
        if mask is not None:
            sources = [term.source for term in terms]  # so that their ids remain theirs
            self._masks = [*self._masks[-N_MASKS_KEPT:], (key, sources, mask)]
        return mask

    def _by_four_axes(self, tensor: Tensor, layer: int) -> Tensor:
        """Return (…, query, key) as (sequence, head, query, key)."""
        if tensor.ndim < 3:
            return tensor
        if tensor.ndim == 3:
            return tensor[None] if len(tensor) == 1 else self._by_head(tensor)
        if tensor.ndim != 4:
            raise UnsupportedModelError(CHANGED.format(layer, "a division of its axes"))
        return tensor


def _unscaled(tensor: Tensor, factor: float) -> Tensor:
    return tensor if factor == 1 else tensor / factor


def _without_repeats(tensor: Tensor, n_kept: int | None = None) -> Tensor:
    """Return (sequence, head, token, d) without heads that repeat the one before."""
    n_heads = tensor.shape[1]
    if n_kept:
        return tensor[:, :: n_heads // n_kept]
    for repeats in range(n_heads, 1, -1):
        if n_heads % repeats == 0:
            groups = tensor.unflatten(1, (-1, repeats))
            if torch.equal(groups, groups[:, :, :1].expand_as(groups)):
                return groups[:, :, 0]
    return tensor


@contextmanager
def trace(
    listener: TraceListener,
    network: torch.nn.Module,
    n_sequences: int,
    n_key_heads: list[int] | None = None,
    *,
    has_two_texts: bool = False,
) -> Iterator[Trace]:
    """Report every attention call of a forward pass in the ``with`` block to a listener.

    Parameters
    ----------
    listener : callable
        Called with the index of the call, from 0, and the `TracedCall`.
    network : Module
    n_sequences, n_key_heads, has_two_texts
        See `Trace`.
    """
    made = Trace(listener, network, n_sequences, n_key_heads, has_two_texts=has_two_texts)
    with tracing(made) as tracer:
        yield tracer


@contextmanager
def tracing(tracer: Trace) -> Iterator[Trace]:
    """Run the ``with`` block under a trace, which knows the running module."""
    network = tracer.running[0]

    def enter(module: torch.nn.Module, _: Any) -> None:
        tracer.deliver()
        tracer.running.append(module)

    def leave(*_: Any) -> None:
        tracer.deliver()
        tracer.running.pop()

    hooks = [module.register_forward_pre_hook(enter) for module in network.modules()]
    hooks += [module.register_forward_hook(leave) for module in network.modules()]
    is_fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # one operation that shows nothing
    try:
        with tracer:
            yield tracer
    finally:
        torch.backends.mha.set_fastpath_enabled(is_fast)
        for hook in hooks:
            hook.remove()
