"""Random tokens said twice: what a model does with them tells its heads, whatever it was taught."""

from typing import NamedTuple, cast

import numpy as np
import torch

from attentionviz.models.loaded import LoadedModel
from attentionviz.models.text import TextInputs

N_SEQUENCES = 16
PERIOD = 32
LEAST_PERIOD = 8
# Without some choice, the sequences would be much the same.
LEAST_CHOICE = 2


class RepeatedTokens(NamedTuple):
    """Sequences of random tokens that are said twice.

    Attributes
    ----------
    sequences : list of list of int
        Token ids, the model's own marks at both ends included; all of one length.
    period : int
        Tokens of one saying.
    n_before : int
        Marks before the first saying.
    reason : str or None
        Why there are no sequences.
    """

    sequences: list[list[int]]
    period: int
    n_before: int
    reason: str | None = None


def repeat_tokens(model: LoadedModel, seed: int) -> RepeatedTokens:
    """Return sequences of random tokens for a model, or the reason why there are none.

    Parameters
    ----------
    model : LoadedModel
    seed : int
        Chooses the tokens: words and beginnings of words, none twice in one saying.

    Notes
    -----
    Source: Olsson et al. 2022, section "Prefix matching score".
    """
    inputs = model.inputs
    if not isinstance(inputs, TextInputs):
        return _none("a model of images has no tokens to repeat")
    before, after = inputs.marks()
    period = min(PERIOD, (model.max_length - len(before) - len(after)) // 2)
    if period < LEAST_PERIOD:
        return _none(
            f"{model.max_length} tokens are too few to say {LEAST_PERIOD} twice between marks"
        )
    n_embedded = len(cast(torch.Tensor, model.network.get_input_embeddings().weight))
    plain = [token_id for token_id in inputs.plain_tokens() if token_id < n_embedded]
    if len(plain) < LEAST_CHOICE * period:
        return _none(
            f"the vocabulary has {len(plain)} plain words, fewer than the "
            f"{LEAST_CHOICE * period} that random tokens need"
        )
    rng = np.random.default_rng(seed)
    said = [rng.choice(plain, period, replace=False).tolist() for _ in range(N_SEQUENCES)]
    sequences = [[*before, *once, *once, *after] for once in said]
    return RepeatedTokens(sequences, period, len(before))


def _none(reason: str) -> RepeatedTokens:
    return RepeatedTokens([], 0, 0, reason)
