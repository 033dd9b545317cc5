"""Capture of the queries and keys of every head for one batch, with padding removed."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from attentionviz.core.rule import ROUNDING, LayerRule
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
    queries : ndarray of float32, shape (n_layers, n_heads, n_tokens, d_head)
        After rotary embedding, before scaling.
    keys : ndarray of float32, shape (n_layers, n_key_heads, n_tokens, d_head)
        Head h uses key head ``h // (n_heads // n_key_heads)``.
    value_norms, output_norms : ndarray of float32, shape (n_layers, n_heads, n_tokens)
        ‖v‖ and ‖v·W_O‖, where W_O are the head's rows of the output projection.
    """

    lengths: list[int]
    queries: Array
    keys: Array
    value_norms: Array
    output_norms: Array

    def heads_of(self, layer: int) -> Iterator[tuple[int, int, Array, Array]]:
        """Yield sequence index, head index, queries and keys of one layer, (token, d_head) each."""
        queries, keys = self.queries[layer], self.keys[layer]  # (head, token, d_head)
        start = 0
        for sequence, n_tokens in enumerate(self.lengths):
            inside = slice(start, start + n_tokens)
            for head in range(len(queries)):
                key_head = head * len(keys) // len(queries)
                yield sequence, head, queries[head, inside], keys[key_head, inside]
            start += n_tokens

    def norms(self) -> Array:
        """Return ‖q‖, ‖k‖, ‖v‖ and ‖v·W_O‖, float32 (n_layers, n_heads, n_tokens, 4)."""
        key_norms = np.linalg.norm(self.keys, axis=-1)  # (layer, key head, token)
        key_norms = np.repeat(key_norms, self.queries.shape[1] // self.keys.shape[1], axis=1)
        query_norms = np.linalg.norm(self.queries, axis=-1)
        norms = (query_norms, key_norms, self.value_norms, self.output_norms)
        return np.stack(norms, axis=-1).astype(np.float32)  # (layer, head, token, 4)

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
        return bad_vectors(batch, largest, limit)


class _Collector:
    """Listener that copies the vectors of each attention call without padding."""

    def __init__(self, model: LoadedModel, batch: Batch) -> None:
        self.model = model
        self.lengths = torch.tensor(batch.lengths, device=model.device)
        self.n_padded = max(batch.lengths)
        self.kept = self._kept_positions(batch.lengths)
        n = (model.n_layers, model.n_heads, batch.n_tokens)
        self.queries = torch.empty(*n, model.d_head)
        self.keys = torch.empty(n[0], model.n_key_heads, n[2], model.d_head)
        self.value_norms = torch.empty(n)
        self.output_norms = torch.empty(n)
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
        if layer >= self.model.n_layers or call.query.shape[2] != self.n_padded:
            raise UnsupportedModelError(
                f"layer {layer} of {self.model.n_layers} has {call.query.shape[2]} queries per "
                f"sequence, expected {self.n_padded}"
            )
        self.require_rule(layer, call)
        self.queries[layer].copy_(self.unpad(call.query))
        self.keys[layer].copy_(self.unpad(call.key))
        values = self.unpad(call.value).float()  # (key head, token, d_value)
        n_key_heads, n_tokens, d_value = values.shape
        group = self.model.n_heads // n_key_heads
        factor = self.model.norm_factors[layer].view(n_key_heads, group, d_value, -1)
        outputs = torch.matmul(values[:, None], factor)  # (key head, head of it, token, d_value)
        norms = torch.linalg.vector_norm(values, dim=-1)  # (key head, token)
        self.value_norms[layer].copy_(norms.repeat_interleave(group, 0))
        self.output_norms[layer].copy_(torch.linalg.vector_norm(outputs, dim=-1).view(-1, n_tokens))

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
        About ``4 · n_layers · (n_heads + n_key_heads) · n_tokens · d_head`` bytes.

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
    if observation.n_calls != model.n_layers:
        raise UnsupportedModelError(
            f"attention was reached in {observation.n_calls} of {model.n_layers} layers"
        )
    captured = CapturedBatch(
        lengths=list(batch.lengths),
        queries=collector.queries.numpy(),
        keys=collector.keys.numpy(),
        value_norms=collector.value_norms.numpy(),
        output_norms=collector.output_norms.numpy(),
    )
    # A sum is not finite if any number is not, and is 20 times faster than checking every number.
    parts = (collector.queries, collector.keys, collector.value_norms, collector.output_norms)
    sums = [part[layer].sum() for part in parts for layer in range(model.n_layers)]
    if not all(map(math.isfinite, sums)) and (bad := captured.bad_vectors(batch)):
        raise NotFiniteError(bad)
    return captured
