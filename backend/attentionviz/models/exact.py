"""Verification in float64, layer by layer, that attention is softmax(scaling · q·k).

Two float32 runs of one model never agree exactly, and deep models amplify rounding by any factor:
how far the attention of one run is from that of the other decides nothing. Therefore

1. a few sequences run in float64 as a build captures them, with the library's attention over the
   captured queries and keys; what each attention module returns is kept;
2. they run again in float64 with the model's own eager attention. The weights that each layer
   returns are compared with the pattern that the server computes from the queries and keys of the
   first run and the stored rule, and its output with the output of the first run, which then
   replaces it for the layers that follow.

Why this is a proof, by induction over the layers: before the first attention module both runs are
the same operations on the same numbers. If a layer is given the same in both, returns the weights
of q·k and the output of the first run, then the next layer is given the same too, unless the code
between attention modules depends on the implementation of attention; in that case queries, keys or
values of the next layer differ, and its weights or its output with them. The two runs see the same
numbers in each layer, so nothing is amplified, and only rounding within one layer remains: 1e-14
of a weight in practice. A weight p may differ by 1e-9 of itself and by what rounding of its scores
explains, ``2 p (1 - p) (d_head + 4) eps scaling max‖q‖ max‖k‖``.

What is noticed: a term added to scores, another scaling, mask, cap or sink, and a gate or dropout
change the weights; a term added behind clean weights changes the output; queries or keys that only
the eager code rotates, shifts or scales change both; chance shows when the layer is run once more.
What is not: a term that appears only at positions, or in texts, that are not run here; masks are
compared with the rule in every batch that is captured.
"""

import copy
import dataclasses
from typing import Any, NamedTuple

import numpy as np
import torch

from attentionviz.core.pattern import attention_pattern
from attentionviz.errors import UnsupportedModelError
from attentionviz.models.batches import Batch
from attentionviz.models.capture import capture_batch
from attentionviz.models.float64 import Float64
from attentionviz.models.forward import eager_attention, run
from attentionviz.models.loaded import LoadedModel
from attentionviz.models.own_attention import (
    Rerun,
    output_of,
    watch_layers,
    weights_of,
)
from attentionviz.models.steps import step

TOLERANCE = 1e-9
"""Of a weight: as much as a score that is 1e-9 larger. Rounding of float64 stays far below."""

SMALLEST = 1e-30
"""Weights below this are nothing; some code clamps them."""

EPSILON = float(np.finfo(np.float64).eps)

UNDECIDABLE = 2.5e-5
"""Where rounding of float64 explains what a term of 1e-4 does to a weight, nothing is decided."""

MAX_TOKENS = 384
"""Padded tokens that are run; one image, or two sequences of 192 tokens, at least."""

CHANGES = "{} by {:.2g} from one run of the model to the next, so no map of it would be true"


class ExactCheck(NamedTuple):
    """What the comparison in float64 found.

    Attributes
    ----------
    max_abs_error : float
        Largest difference of one attention weight, over all layers, heads and pairs.
    tolerance : float
        What rounding explains.
    n_sequences : int
        Sequences compared.
    """

    max_abs_error: float
    tolerance: float
    n_sequences: int


def check_exactly(model: LoadedModel, batch: Batch) -> ExactCheck:
    """Hold a model's own attention against softmax(scaling · q·k), both in float64.

    Parameters
    ----------
    model : LoadedModel
        Its weights are not changed.
    batch : Batch
        A few of its sequences are taken, the longest and the shortest first.

    Raises
    ------
    UnsupportedModelError
        If attention is more than q·k; names layer, head and size of the difference. Also if it
        changes from one run to the next, or is not returned.
    """
    twin, few = _twin(model), _few(batch, is_text=model.modality == "text")
    with Float64():
        comparison = _Comparison(twin, few)
        try:
            with (
                step("the model's own eager attention", UnsupportedModelError),
                eager_attention(twin.network),
            ):
                with watch_layers(twin, comparison.compare):
                    run(twin.network, few.inputs, twin.device)
        except UnsupportedModelError as error:
            again = _Comparison(twin, few).captured
            moved = np.abs(again.queries - comparison.captured.queries).max()
            if moved > TOLERANCE:
                raise UnsupportedModelError(CHANGES.format("queries change", moved)) from error
            raise
    return ExactCheck(comparison.worst, comparison.tolerance, len(few.lengths))


class _Comparison:
    """The run that captures, and what the model's own attention is held against layer by layer."""

    def __init__(self, twin: LoadedModel, batch: Batch) -> None:
        self.twin = twin
        self.batch = batch
        self.outputs: list[torch.Tensor] = []
        self.worst = 0.0
        self.tolerance = TOLERANCE
        self.rounding = 0.0  # of the weights of a row, in the layer compared last
        with step("a run in float64", UnsupportedModelError), watch_layers(twin, self.keep):
            self.captured = capture_batch(twin, batch)  # float64

    def keep(self, _layer: int, returned: Any, _: Rerun) -> None:
        """Keep what a layer returns with the library's attention."""
        self.outputs.append(output_of(returned))

    def compare(self, layer: int, returned: Any, rerun: Rerun) -> Any:
        """Hold one layer against what was captured; return what goes on to the next one."""
        own = weights_of(returned, layer)
        problem = self._compare_weights(layer, own)
        moved = self._moved(output_of(returned), self.outputs[layer])
        if problem is None and not moved <= TOLERANCE + self.rounding:
            problem = (
                f"layer {layer}: its attention weights are those of q·k, but what it returns "
                f"differs from these weights times values by {moved:.2g} of the largest number"
            )
        if problem:
            changes = float(np.abs(weights_of(again := rerun(), layer) - own).max())
            changes = max(changes, self._moved(output_of(again), output_of(returned)))
            if changes > TOLERANCE:
                problem = CHANGES.format(f"attention of layer {layer} changes", changes)
            raise UnsupportedModelError(problem)
        return (self.outputs[layer], *returned[1:])

    def _compare_weights(self, layer: int, own: np.ndarray[Any, Any]) -> str | None:
        """Return the sentence on a layer whose weights are not those of q·k; None if they are."""
        rule, worst, problem = self.twin.rules[layer], 0.0, None
        self.rounding = 0.0
        for sequence, head, queries, keys in self.captured.heads_of(layer):
            pattern = attention_pattern(queries, keys, **dataclasses.asdict(rule))
            n_tokens, d_head = queries.shape
            error = np.abs(own[sequence, head, :n_tokens, :n_tokens] - pattern)
            largest = abs(rule.scaling) * np.linalg.norm(queries, axis=1).max()
            largest *= np.linalg.norm(keys, axis=1).max()
            # d/ds of a weight p is at most 2p(1 - p), if all scores of a row may move by as much.
            rounding = 2 * pattern * (1 - pattern) * (d_head + 4) * EPSILON * largest
            if rounding.max() > UNDECIDABLE:
                return (
                    f"layer {layer}, head {head}: its scores reach {largest:.0e}, too large to "
                    "decide whether they are q·k alone"
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
                    f"softmax(scaling · q·k) by {worst:.2g} in float64, where rounding explains "
                    f"{allowed[pair]:.1g}: its attention is more than q·k"
                )
        return problem

    def _moved(self, output: torch.Tensor, reference: torch.Tensor) -> float:
        """Return the largest difference of the outputs of real tokens, by the largest number."""
        if output.shape != reference.shape:
            return np.inf
        real = torch.ones_like(reference[..., 0], dtype=torch.bool)  # (sequence, position)
        if self.twin.modality == "text":
            lengths = torch.tensor(self.batch.lengths, device=real.device)
            real = torch.arange(real.shape[1], device=real.device) < lengths[:, None]
        largest = reference[real].abs().max()
        return float((output - reference)[real].abs().max() / largest.clamp(min=1e-30))


def _few(batch: Batch, *, is_text: bool) -> Batch:
    """Return a few sequences of a batch: the longest, the shortest, and more if they are short."""
    longest = max(batch.lengths)
    if is_text:
        longest = min(longest, MAX_TOKENS // 2)
    by_length = np.argsort(batch.lengths, kind="stable").tolist()
    chosen = [by_length[-1], *by_length[:-1]][: max(1, MAX_TOKENS // longest)]
    inputs = {name: tensor[chosen] for name, tensor in batch.inputs.items()}
    if is_text:
        inputs = {name: tensor[:, :longest] for name, tensor in inputs.items()}
    lengths = [min(batch.lengths[i], longest) for i in chosen]
    return dataclasses.replace(batch, inputs=inputs, lengths=lengths)


def _twin(model: LoadedModel) -> LoadedModel:
    """Return the model with a network of its own that shares all weights with the first.

    What a network keeps from one run to the next, such as tables of angles, is then not mixed up.
    """
    network = model.network
    shared = (*network.parameters(), *network.buffers())
    if model.device.type == "mps":  # which has no float64
        twin = copy.deepcopy(network)
        torch.nn.Module.to(twin, "cpu")
        return dataclasses.replace(model, network=twin, device=torch.device("cpu"))
    twin = copy.deepcopy(network, {id(tensor): tensor for tensor in shared})
    return dataclasses.replace(model, network=twin)
