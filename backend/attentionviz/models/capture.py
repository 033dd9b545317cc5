"""Capture of the queries and keys of every head for one batch, with padding removed."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from attentionviz.core.heads import LayerHeads
from attentionviz.core.rule import ROUNDING, LayerRule
from attentionviz.core.types import HeadId
from attentionviz.errors import UnsupportedModelError
from attentionviz.models.batches import Batch
from attentionviz.models.finite import BadVector, NotFiniteError, bad_vectors
from attentionviz.models.forward import run
from attentionviz.models.interface import AttentionCall
from attentionviz.models.loaded import LoadedModel
from attentionviz.models.rules import require_call_follows, sinks_of

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class CapturedBatch:
    """Vectors of a batch as the attention layers received them.

    Attributes
    ----------
    lengths : list of int
        Number of tokens of each sequence; the token axes concatenate the sequences.
    layers : list of LayerHeads
        Of the whole model. The first axis of the arrays counts only the layers that have heads; the
        second and the last are those of the layer with most, with zeros in the others.
    queries : ndarray of float32, shape (n_layers, n_heads, n_tokens, d_head)
        After rotary embedding, before scaling.
    keys : ndarray of float32, shape (n_layers, n_key_heads, n_tokens, d_head)
    value_norms, output_norms : ndarray of float32, shape (n_layers, n_heads, n_tokens)
        ‖v‖ and ‖v·W_O‖, where W_O are the head's rows of the output projection.
    """

    lengths: list[int]
    layers: list[LayerHeads]
    queries: Array
    keys: Array
    value_norms: Array
    output_norms: Array

    def vectors(self, head: HeadId) -> tuple[Array, Array]:
        """Return the queries and the keys of a head, (n_tokens, d_head) each."""
        heads, at = self.layers[head.layer], array_layers(self.layers)[head.layer]
        queries = self.queries[at, head.head, :, : heads.d_head]
        return queries, self.keys[at, heads.key_head(head.head), :, : heads.d_head]

    def heads_of(self, layer: int) -> Iterator[tuple[int, int, Array, Array]]:
        """Yield sequence index, head index, queries and keys of one layer, (token, d_head) each."""
        start = 0
        for sequence, n_tokens in enumerate(self.lengths):
            inside = slice(start, start + n_tokens)
            for head in range(self.layers[layer].n_heads):
                queries, keys = self.vectors(HeadId(layer, head))
                yield sequence, head, queries[inside], keys[inside]
            start += n_tokens

    def norms(self) -> Array:
        """Return ‖q‖, ‖k‖, ‖v‖ and ‖v·W_O‖, float32 (n_layers, n_heads, n_tokens, 4)."""
        norms = np.zeros((*self.queries.shape[:3], 4), dtype=np.float32)
        norms[..., 0] = np.linalg.norm(self.queries, axis=-1)
        norms[..., 2], norms[..., 3] = self.value_norms, self.output_norms
        key_norms = np.linalg.norm(self.keys, axis=-1)  # (layer, key head, token)
        for layer, at in array_layers(self.layers).items():
            heads = self.layers[layer]
            used = [heads.key_head(head) for head in range(heads.n_heads)]
            norms[at, : heads.n_heads, :, 1] = key_norms[at, used]
        return norms

    def bad_vectors(self, batch: Batch, limit: float = np.inf) -> list[BadVector]:
        """Return the first vector of each sequence with a number not finite or above a limit.

        Parameters
        ----------
        batch : Batch
            The captured batch.
        limit : float
            Largest allowed magnitude in queries and keys; values are only checked to be finite.
        """
        largest = {"query": np.abs(self.queries).max(-1), "key": np.abs(self.keys).max(-1)}
        if limit == np.inf:
            largest["value"] = np.maximum(self.value_norms, self.output_norms)  # NaN stays NaN
        return bad_vectors(batch, self.layers, largest, limit)


def array_layers(layers: list[LayerHeads]) -> dict[int, int]:
    """Return where in captured arrays each layer that has heads is found."""
    with_heads = [layer for layer, heads in enumerate(layers) if heads.n_heads]
    return {layer: at for at, layer in enumerate(with_heads)}


class _Collector:
    """Listener that copies the vectors of each attention call without padding."""

    def __init__(self, model: LoadedModel, batch: Batch) -> None:
        self.model = model
        self.lengths = torch.tensor(batch.lengths, device=model.device)
        self.n_padded = max(batch.lengths)
        self.kept = self._kept_positions(batch.lengths)
        self.places = array_layers(model.layers)
        # Numbers of missing heads must be zero.
        make = torch.empty if model.has_equal_layers else torch.zeros
        n = (len(self.places), model.n_heads, batch.n_tokens)
        self.queries = make(*n, model.d_head)
        self.keys = make(n[0], model.n_key_heads, n[2], model.d_head)
        self.value_norms = make(n)
        self.output_norms = make(n)
        # Mask, bias, and how they were understood.
        self.proven: list[tuple[Any, Any, tuple[bool, LayerRule]]] = []

    def _kept_positions(self, lengths: list[int]) -> torch.Tensor | None:
        """Return the indices of tokens in the flattened (sequence, position); None: no padding."""
        if min(lengths) == self.n_padded:
            return None
        is_real = torch.arange(self.n_padded) < torch.tensor(lengths)[:, None]
        return is_real.flatten().nonzero()[:, 0].to(self.model.device)

    def unpad(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return (sequence, head, position, d) as (head, token, d) without padding."""
        by_token = tensor.transpose(1, 2).flatten(0, 1)  # (sequence * position, head, d)
        if self.kept is not None:
            by_token = by_token.index_select(0, self.kept)
        return by_token.transpose(0, 1)

    def __call__(self, layer: int, call: AttentionCall) -> None:
        _, n_heads, n_padded, d_head = call.query.shape
        n_key_heads, expected = call.key.shape[1], self.model.layers[layer]
        if n_padded != self.n_padded or expected != (n_heads, n_key_heads, d_head, None):
            raise UnsupportedModelError(
                f"layer {layer} has {n_heads} heads of {n_padded} queries per sequence in this "
                f"batch, expected {expected.n_heads} of {self.n_padded}"
            )
        self.require_rule(layer, call)
        at = self.places[layer]
        self.queries[at, :n_heads, :, :d_head].copy_(self.unpad(call.query))
        self.keys[at, :n_key_heads, :, :d_head].copy_(self.unpad(call.key))
        values = self.unpad(call.value).float()  # (key head, token, d_value)
        n_key_heads, n_tokens, d_value = values.shape
        group = n_heads // n_key_heads
        factor = self.model.norm_factors[layer].view(n_key_heads, group, d_value, -1)
        outputs = torch.matmul(values[:, None], factor)  # (key head, head of it, token, d_value)
        norms = torch.linalg.vector_norm(values, dim=-1)  # (key head, token)
        self.value_norms[at, :n_heads].copy_(norms.repeat_interleave(group, 0))
        of_outputs = torch.linalg.vector_norm(outputs, dim=-1).view(-1, n_tokens)
        self.output_norms[at, :n_heads].copy_(of_outputs)

    def require_rule(self, layer: int, call: AttentionCall) -> None:
        """Check the call against the layer's rule; layers mostly share masks, so cache them."""
        rule = self.model.rules[layer]
        same_scaling = math.isclose(call.scaling, rule.scaling, rel_tol=ROUNDING)
        if not same_scaling or not math.isclose(call.softcap or 0, rule.softcap or 0):
            raise UnsupportedModelError(f"layer {layer} changes its scaling between batches")
        if sinks_of(call, layer) != rule.sinks:
            raise UnsupportedModelError(f"layer {layer} changes its sinks between batches")
        known = (call.is_causal, rule)
        if any(m is call.mask and b is call.bias and known == k for m, b, k in self.proven):
            return
        require_call_follows(rule, call, self.lengths, layer)
        self.proven.append((call.mask, call.bias, known))


def capture_batch(model: LoadedModel, batch: Batch) -> CapturedBatch:
    """Run the model once and return queries, keys and norms of every head.

    Parameters
    ----------
    model : LoadedModel
    batch : Batch
        From `model.text_batches`, `prepare_texts`, `image_batches` or `prepare_images`.

    Returns
    -------
    CapturedBatch
        About ``4 · n_layers · (n_heads + n_key_heads) · n_tokens · d_head`` bytes, where only
        layers that have heads count.

    Raises
    ------
    NotFiniteError
        If a number is not finite; names sequence, token, layer and head.
    UnsupportedModelError
        If a layer's mask, or what it adds to scores, does not match its rule.
    """
    collector = _Collector(model, batch)
    with model.observe(collector, len(batch.lengths)) as observation:
        run(model.network, batch.inputs, model.device)
    if observation.n_calls != len(model.calls):
        raise UnsupportedModelError(
            f"attention was reached {observation.n_calls} times, expected {len(model.calls)}"
        )
    captured = CapturedBatch(
        lengths=list(batch.lengths),
        layers=model.layers,
        queries=collector.queries.numpy(),
        keys=collector.keys.numpy(),
        value_norms=collector.value_norms.numpy(),
        output_norms=collector.output_norms.numpy(),
    )
    # A sum is not finite if any number is not, and is 20 times faster than checking every number.
    parts = (collector.queries, collector.keys, collector.value_norms, collector.output_norms)
    sums = [part[layer].sum() for part in parts for layer in range(len(part))]
    if not all(map(math.isfinite, sums)) and (bad := captured.bad_vectors(batch)):
        raise NotFiniteError(bad)
    return captured
