"""Measure what the heads of demo-gpt2 do, on repeated random tokens and on the sentences."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import AutoTokenizer, GPT2LMHeadModel

from attentionviz.measures.head_scores import repeated_weights

from .gpt2_batches import VOCABULARY_SIZE, read_sentences

SEED = 7
N_SEQUENCES, PERIOD = 16, 32


@dataclass(frozen=True)
class TextMeasures:
    """Scores of every head, each float64 (n_layers, n_heads), and of the model.

    Attributes
    ----------
    previous : mean of A[i, i-1] over repeated random tokens
    induction : mean of A[i, j+1] there, where j is the earlier copy of token i
    duplicate : mean of A[i, j] there
    previous_in_sentences, first_in_sentences : mean of A[i, i-1] and A[i, 0], i >= 1
    """

    previous: np.ndarray
    induction: np.ndarray
    duplicate: np.ndarray
    previous_in_sentences: np.ndarray
    first_in_sentences: np.ndarray
    copy_accuracy: float
    sentence_loss: float
    sentence_accuracy: float


def load(folder: Path) -> GPT2LMHeadModel:
    """Return the model with attention that can be read."""
    model = GPT2LMHeadModel.from_pretrained(
        folder, local_files_only=True, attn_implementation="eager", dtype=torch.float32
    )
    return model.eval()


@torch.no_grad()
def _attention(model: GPT2LMHeadModel, token_ids: torch.Tensor) -> tuple[np.ndarray, torch.Tensor]:
    """Return attention (sequence, layer, head, query_pos, key_pos) and logits."""
    output = model(input_ids=token_ids, output_attentions=True)
    return torch.stack(output.attentions, dim=1).double().numpy(), output.logits


def _repeated(model: GPT2LMHeadModel) -> tuple[dict[str, np.ndarray], float]:
    rng = np.random.default_rng(SEED)
    once = rng.integers(1, VOCABULARY_SIZE, (N_SEQUENCES, PERIOD))
    token_ids = torch.from_numpy(np.concatenate([once, once], axis=1))
    pattern, logits = _attention(model, token_ids)
    scores = {
        name.removeprefix("probe_"): weights.mean(axis=(0, 3))
        for name, weights in repeated_weights(pattern, PERIOD).items()
    }
    said = logits[:, PERIOD:-1].argmax(-1)
    return scores, float((said == token_ids[:, PERIOD + 1 :]).double().mean())


def measure(folder: Path) -> TextMeasures:
    """Return the measures of the model in a folder."""
    model = load(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    scores, copy_accuracy = _repeated(model)
    previous, first, losses, hits = [], [], [], []
    for text in read_sentences():
        token_ids = torch.tensor([tokenizer(text)["input_ids"]])
        pattern, logits = _attention(model, token_ids)
        i = np.arange(1, token_ids.shape[1])
        previous.append(pattern[0][..., i, i - 1])
        first.append(pattern[0][..., i, 0])
        target = token_ids[0, 1:]
        losses.append(torch.nn.functional.cross_entropy(logits[0, :-1], target, reduction="none"))
        hits.append(logits[0, :-1].argmax(-1) == target)
    return TextMeasures(
        previous_in_sentences=np.concatenate(previous, axis=-1).mean(-1),
        first_in_sentences=np.concatenate(first, axis=-1).mean(-1),
        copy_accuracy=copy_accuracy,
        sentence_loss=float(torch.cat(losses).mean()),
        sentence_accuracy=float(torch.cat(hits).double().mean()),
        **scores,
    )
