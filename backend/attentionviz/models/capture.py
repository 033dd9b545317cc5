"""Capture of the queries and keys of every head for one batch, with padding removed."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from attentionviz.core.heads import LayerHeads
from attentionviz.core.rule import ROUNDING, LayerRule, Part, ScoreRule
from attentionviz.core.types import HeadId
from attentionviz.errors import UnsupportedModelError
from attentionviz.models.batches import Batch, spans_of
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
    n_source : list of int or None
        As of `Batch`; vectors and norms of tokens without a query, or a key, in a layer are 0.
    """

    lengths: list[int]
    layers: list[LayerHeads]
    queries: Array
    keys: Array
    value_norms: Array
    output_norms: Array
    n_source: list[int] | None = None

    def vectors(self, head: HeadId) -> tuple[Array, Array]:
        """Return the queries and the keys of a head, (n_tokens, d_head) each."""
        heads, at = self.layers[head.layer], array_layers(self.layers)[head.layer]
        queries = self.queries[at, head.head, :, : heads.d_head]
        return queries, self.keys[at, heads.key_head(head.head), :, : heads.d_head]

    def heads_of(self, layer: int, rule: ScoreRule) -> Iterator[tuple[int, int, Array, Array]]:
        """Yield sequence index, head index, queries and keys of one layer, (token, d_head) each."""
        spans = zip(*spans_of(rule, self.lengths, self.n_source), strict=True)
        for sequence, (first_query, n_queries, first_key, n_keys) in enumerate(spans):
            own = slice(first_query, first_query + n_queries)
            others = slice(first_key, first_key + n_keys)
            for head in range(self.layers[layer].n_heads):
                queries, keys = self.vectors(HeadId(layer, head))
                yield sequence, head, queries[own], keys[others]

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


class _Text:
    """The tokens of a batch that have queries, or keys, in a layer.

    Parameters
    ----------
    starts, lengths : ndarray of int, shape (n_sequences,)
        In the tokens of the batch.
    n_tokens : int
        Of the batch.
    device : torch.device
    """

    def __init__(self, starts: Array, lengths: Array, n_tokens: int, device: torch.device) -> None:
        self.lengths = torch.from_numpy(lengths).to(device)
        self.n_padded = int(lengths.max())
        is_real = torch.arange(self.n_padded) < torch.from_numpy(lengths)[:, None]
        # Indices of tokens in the flattened (sequence, position); None: no padding.
        self.kept = None
        if not is_real.all():
            self.kept = is_real.flatten().nonzero()[:, 0].to(device)
        # Indices in the tokens of the batch; None: all of them.
        self.tokens = None
        if lengths.sum() < n_tokens:
            within = np.concatenate([np.arange(n) for n in lengths])
            self.tokens = torch.from_numpy(np.repeat(starts, lengths) + within)

    def unpad(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return (sequence, head, position, d) as (head, token, d) without padding."""
        by_token = tensor.transpose(1, 2).flatten(0, 1)  # (sequence * position, head, d)
        if self.kept is not None:
            by_token = by_token.index_select(0, self.kept)
        return by_token.transpose(0, 1)

    def store(self, whole: torch.Tensor, part: torch.Tensor) -> None:
        """Copy (head, token of the text, …) into the same for all tokens of the batch."""
        if self.tokens is None:
            whole.copy_(part)
        else:
            whole[:, self.tokens] = part.to(whole)


class _Collector:
    """Listener that copies the vectors of each attention call without padding."""

    def __init__(self, model: LoadedModel, batch: Batch) -> None:
        self.model = model
        self.batch = batch
        self.texts: dict[Part | None, tuple[_Text, _Text]] = {}
        self.places = array_layers(model.layers)
        # Numbers of missing heads, queries and keys must be zero.
        is_full = model.has_equal_layers and batch.n_source is None
        make = torch.empty if is_full else torch.zeros
        n = (len(self.places), model.n_heads, batch.n_tokens)
        self.queries = make(*n, model.d_head)
        self.keys = make(n[0], model.n_key_heads, n[2], model.d_head)
        self.value_norms = make(n)
        self.output_norms = make(n)
        # Mask, bias, and how they were understood.
        self.proven: list[tuple[Any, Any, tuple[bool, LayerRule]]] = []

    def texts_of(self, rule: LayerRule) -> tuple[_Text, _Text]:
        """Return the tokens with queries, and those with keys, of a layer."""
        if rule.part not in self.texts:
            spans, device = self.batch.spans(rule), self.model.device
            n_tokens = self.batch.n_tokens
            of_queries = _Text(spans.query_start, spans.n_queries, n_tokens, device)
            of_keys = of_queries
            if rule.part == "cross":
                of_keys = _Text(spans.key_start, spans.n_keys, n_tokens, device)
            self.texts[rule.part] = of_queries, of_keys
        return self.texts[rule.part]

    def __call__(self, layer: int, call: AttentionCall) -> None:
        _, n_heads, n_padded, d_head = call.query.shape
        n_key_heads, n_padded_keys = call.key.shape[1:3]
        expected = self.model.layers[layer]
        of_queries, of_keys = self.texts_of(self.model.rules[layer])
        has_tokens = (n_padded, n_padded_keys) == (of_queries.n_padded, of_keys.n_padded)
        if not has_tokens or expected != (n_heads, n_key_heads, d_head, None):
            raise UnsupportedModelError(
                f"layer {layer} has {n_heads} heads of {n_padded} queries per sequence in this "
                f"batch, expected {expected.n_heads} of {of_queries.n_padded}"
            )
        self.require_rule(layer, call)
        at = self.places[layer]
        of_queries.store(self.queries[at, :n_heads, :, :d_head], of_queries.unpad(call.query))
        of_keys.store(self.keys[at, :n_key_heads, :, :d_head], of_keys.unpad(call.key))
        values = of_keys.unpad(call.value).float()  # (key head, token, d_value)
        n_key_heads, n_tokens, d_value = values.shape
        group = n_heads // n_key_heads
        factor = self.model.norm_factors[layer].view(n_key_heads, group, d_value, -1)
        outputs = torch.matmul(values[:, None], factor)  # (key head, head of it, token, d_value)
        norms = torch.linalg.vector_norm(values, dim=-1)  # (key head, token)
        of_keys.store(self.value_norms[at, :n_heads], norms.repeat_interleave(group, 0))
        of_outputs = torch.linalg.vector_norm(outputs, dim=-1).view(-1, n_tokens)
        of_keys.store(self.output_norms[at, :n_heads], of_outputs)

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
        of_queries, of_keys = self.texts_of(rule)
        require_call_follows(rule, call, of_queries.lengths, layer, of_keys.lengths)
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
        n_source=batch.n_source,
    )
    # A sum is not finite if any number is not, and is 20 times faster than checking every number.
    parts = (collector.queries, collector.keys, collector.value_norms, collector.output_norms)
    sums = [part[layer].sum() for part in parts for layer in range(len(part))]
    if not all(map(math.isfinite, sums)) and (bad := captured.bad_vectors(batch)):
        raise NotFiniteError(bad)
    return captured
