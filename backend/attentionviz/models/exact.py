"""Verification in float64, layer by layer, that attention is softmax(scaling · q·k).

Two float32 runs of one model never agree exactly, and deep models can amplify rounding by any
factor, so the difference between two runs proves nothing. Therefore

1. a few sequences run in float64 as in a build, with the library's attention over the captured
   queries and keys; the output of each attention module is stored;
2. they run again in float64 with the model's own eager attention. The attention weights of each
   layer are compared with the pattern computed from the queries and keys of the first run and the
   stored rule, and its output with the output of the first run, which then replaces it as input of
   the next layer.

This is a proof by induction over the layers: before the first attention module both runs are the
same operations on the same numbers. If a layer has the same input in both runs, the weights of q·k
and the output of the first run, then the next layer has the same input too, unless the code
between attention modules depends on the implementation of attention; in that case queries, keys or
values of the next layer differ, and so do its weights or its output. Since both runs have the same
numbers in each layer, nothing is amplified, and only rounding within one layer remains: 1e-14
of a weight in practice. A weight p may differ by 1e-9 of itself and by the rounding of its scores,
``2 p (1 - p) (d_head + 4) eps scaling max‖q‖ max‖k‖``.

A model whose attention is code of its own has one attention, which is observed where it happens
(`tracing`). Then the first run gives queries and keys, and the weights of a second run, as they are
multiplied with the values, are compared with the pattern of these queries and keys; so are the
weights that the model returns, if it returns any. There is nothing to replace between layers, since
both runs are the same operations. What is proven is that the weights with which the model mixes its
values are softmax(scaling · q·k) under the rule; that its values are mixed by nothing else is what
the search for the output weights finds (`output_weights`).

Detected: terms added to scores, another scaling, mask, cap or sink, a gate or dropout (the weights
change); a term added after the weights (the output changes); rotation, shift or scaling of queries
or keys in the eager code only (both change); randomness (a second run of the layer differs).
Not detected: a term that appears only at positions, or in texts, that are not run here; masks are
compared with the rule in every captured batch.
"""

import dataclasses
from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np
import torch

from attentionviz.core.pattern import attention_pattern
from attentionviz.errors import UnsupportedModelError
from attentionviz.models.batches import Batch
from attentionviz.models.capture import capture_batch
from attentionviz.models.float64 import Float64, float64_twin
from attentionviz.models.forward import eager_attention, run
from attentionviz.models.loaded import LoadedModel
from attentionviz.models.own_attention import (
    Rerun,
    output_of,
    watch_layers,
    watch_weights,
    weights_of,
)
from attentionviz.models.steps import step

TOLERANCE = 1e-9
"""Relative tolerance of a weight, as from a score larger by 1e-9; far above float64 rounding."""

SMALLEST = 1e-30
"""Weights below this count as 0; some models clamp them."""

EPSILON = float(np.finfo(np.float64).eps)

UNDECIDABLE = 2.5e-5
"""Largest rounding of a weight at which a term of 1e-4 in its score can still be detected."""

MAX_TOKENS = 384
"""Padded tokens to run; at least one image, or two sequences of 192 tokens."""

CHANGES = (
    "{} by {:.2g} from one run of the model to the next, so its maps would not be reproducible"
)


class ExactCheck(NamedTuple):
    """Result of the comparison in float64.

    Attributes
    ----------
    max_abs_error : float
        Largest difference of an attention weight, over all layers, heads and pairs.
    tolerance : float
        Largest difference allowed, from rounding.
    n_sequences : int
        Number of sequences compared.
    """

    max_abs_error: float
    tolerance: float
    n_sequences: int


def check_exactly(model: LoadedModel, batch: Batch) -> ExactCheck:
    """Compare a model's own attention with softmax(scaling · q·k), both in float64.

    Parameters
    ----------
    model : LoadedModel
        Not modified.
    batch : Batch
        A few of its sequences are run: the longest, then the shortest ones.

    Raises
    ------
    UnsupportedModelError
        If attention is more than q·k (names layer, head and difference), differs between two runs,
        or is not returned by the model.
    """
    network, device = float64_twin(model.network, model.device)
    twin = dataclasses.replace(model, network=network, device=device)
    few = _few(batch, is_text=model.modality == "text")
    with Float64():
        comparison = _Comparison(twin, few)
        try:
            with step("the model's own eager attention", UnsupportedModelError):
                if model.is_traced:
                    watch_weights(twin, few, comparison.require_equal)
                else:
                    with eager_attention(twin.network), watch_layers(twin, comparison.compare):
                        run(twin.network, few.inputs, twin.device)
        except UnsupportedModelError as error:
            again = _Comparison(twin, few).captured
            change = np.abs(again.queries - comparison.captured.queries).max()
            if change > TOLERANCE:
                raise UnsupportedModelError(CHANGES.format("queries change", change)) from error
            raise
    return ExactCheck(comparison.worst, comparison.tolerance, len(few.lengths))


class _Comparison:
    """The captured run, with which the model's own attention is compared layer by layer."""

    def __init__(self, twin: LoadedModel, batch: Batch) -> None:
        self.twin = twin
        self.batch = batch
        self.outputs: list[torch.Tensor] = []
        self.worst = 0.0
        self.tolerance = TOLERANCE
        self.rounding = 0.0  # largest, of the weights of a row, in the last compared layer
        keeping = nullcontext() if twin.is_traced else watch_layers(twin, self.keep)
        with step("a run in float64", UnsupportedModelError), keeping:
            self.captured = capture_batch(twin, batch)  # float64

    def keep(self, _index: int, returned: Any, _: Rerun) -> None:
        """Store the output of a call with the library's attention."""
        self.outputs.append(output_of(returned))

    def compare(self, index: int, returned: Any, rerun: Rerun) -> Any:
        """Compare one call with the captured run; return the input of the next layer."""
        layer = self.twin.layer_of_call(index)
        captured = (self.outputs[index], *returned[1:])
        if not self.twin.layers[layer].n_heads:  # not wanted, so it is not shown
            return captured
        own = weights_of(returned, layer)
        problem = self._compare_weights(layer, own)
        error = self._relative_error(output_of(returned), self.outputs[index], layer)
        if problem is None and not error <= TOLERANCE + self.rounding:
            problem = (
                f"layer {layer}: its attention weights are those of q·k, but its output "
                f"differs from these weights times values by {error:.2g} of the largest number"
            )
        if problem:
            change = float(np.abs(weights_of(again := rerun(), layer) - own).max())
            change = max(change, self._relative_error(output_of(again), output_of(returned), layer))
            if change > TOLERANCE:
                problem = CHANGES.format(f"attention of layer {layer} changes", change)
            raise UnsupportedModelError(problem)
        return captured

    def require_equal(self, layer: int, own: np.ndarray[Any, Any], scaling: float) -> None:
        """Raise UnsupportedModelError if the weights of a traced layer are not those of q·k."""
        if problem := self._compare_weights(layer, own, scaling):
            raise UnsupportedModelError(problem)

    def _compare_weights(
        self, layer: int, own: np.ndarray[Any, Any], scaling: float | None = None
    ) -> str | None:
        """Return an error message if the weights of a layer are not those of q·k, else None."""
        rule, worst, problem = self.twin.rules[layer], 0.0, None
        rule = rule if scaling is None else dataclasses.replace(rule, scaling=scaling)
        self.rounding = 0.0
        for sequence, head, queries, keys in self.captured.heads_of(layer, rule):
            pattern = attention_pattern(queries, keys, rule.of_head(head))
            n_queries, d_head = queries.shape
            error = np.abs(own[sequence, head, :n_queries, : len(keys)] - pattern)
            largest = abs(rule.scaling) * np.linalg.norm(queries, axis=1).max()
            largest *= np.linalg.norm(keys, axis=1).max()
            # If all scores of a row change by s, a weight p changes by at most 2p(1 - p) s.
            rounding = 2 * pattern * (1 - pattern) * (d_head + 4) * EPSILON * largest
            if rounding.max() > UNDECIDABLE:
                return (
                    f"layer {layer}, head {head}: its scores reach {largest:.0e}, too large to "
                    "check in float64 whether they are q·k alone"
                )
            self.rounding = max(self.rounding, float(rounding.sum(axis=1).max()))
            allowed = TOLERANCE * pattern + rounding + SMALLEST
            self.worst = max(self.worst, float(error.max()))
            self.tolerance = max(self.tolerance, float(allowed.max()))
            beyond = np.where(error <= allowed, 0.0, error)  # NaN stays NaN
            pair = np.unravel_index(np.argmax(beyond), beyond.shape)
            if not beyond[pair] <= worst:
                worst = beyond[pair]
                problem = (
                    f"layer {layer}, head {head}: the model's own attention differs from "
                    f"{rule.formula} by {worst:.2g} in float64, more than the "
                    f"{allowed[pair]:.1g} of rounding: its attention is more than q·k"
                )
        return problem

    def _relative_error(self, output: torch.Tensor, reference: torch.Tensor, layer: int) -> float:
        """Return the largest difference of two outputs over the largest number, without padding."""
        if output.shape != reference.shape:
            return np.inf
        real = torch.ones_like(reference[..., 0], dtype=torch.bool)  # (sequence, position)
        if self.twin.modality == "text":
            n_queries = self.batch.spans(self.twin.rules[layer]).n_queries
            lengths = torch.from_numpy(n_queries).to(real.device)
            real = torch.arange(real.shape[1], device=real.device) < lengths[:, None]
        largest = reference[real].abs().max()
        return float((output - reference)[real].abs().max() / largest.clamp(min=1e-30))


def _few(batch: Batch, *, is_text: bool) -> Batch:
    """Return the longest sequence of a batch and the shortest, as many as `MAX_TOKENS` allow."""
    longest = max(batch.lengths)
    if is_text:
        longest = min(longest, MAX_TOKENS // 2)
    by_length = np.argsort(batch.lengths, kind="stable").tolist()
    chosen = [by_length[-1], *by_length[:-1]][: max(1, MAX_TOKENS // longest)]
    return batch.cut(chosen, longest if is_text else None)
