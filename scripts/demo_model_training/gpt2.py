"""Train demo-gpt2: predict the next token of documentation, simple sentences and repetitions.

An induction head needs a head of an earlier layer that brings the previous token along. In so
short a training that would be left to luck. So, at first, two linear readers must find the
token itself and the token before it in the output of the first layer; later they are dropped.
With the token before it alone, heads came to look two places after the earlier copy, not one.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from torch import nn
from transformers import GPT2Config, GPT2LMHeadModel

from . import gpt2_batches
from .training_log import TrainingLog, learning_rate_at

SEED = 20240401
N_STEPS, LEARNING_RATE = 1_500, 2e-3
READERS_FULL_UNTIL, READERS_GONE_AT = 300, 600  # steps
SHARE_READ = 0.35  # of the positions, which is enough and saves time


def build_model() -> GPT2LMHeadModel:
    """Return the untrained model."""
    config = GPT2Config(
        vocab_size=gpt2_batches.VOCABULARY_SIZE,
        n_positions=gpt2_batches.N_POSITIONS,
        n_embd=128,
        n_layer=4,
        n_head=8,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        initializer_range=0.04,
        bos_token_id=0,
        eos_token_id=0,
    )
    model = GPT2LMHeadModel(config)
    model.transformer.wpe.weight.data = _sinusoids(config.n_positions, config.n_embd)
    return model


def _sinusoids(n_positions: int, width: int) -> torch.Tensor:
    """Return where the learned positions start: places apart by a step differ by a rotation."""
    position = torch.arange(n_positions)[:, None]
    slowest, fastest = math.log(2 * math.pi / n_positions), math.log(0.9 * math.pi)
    angle = position * torch.exp(torch.linspace(fastest, slowest, width // 2))
    return 0.06 * torch.cat([angle.sin(), angle.cos()], dim=1)


class TokenReader(nn.Module):
    """Name a token from the output of a layer, by the embedding of the model."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.read = nn.Linear(width, width)

    def forward(self, hidden: torch.Tensor, embedding: torch.Tensor) -> torch.Tensor:
        """Return scores (n, vocabulary) of hidden (n, width)."""
        return self.read(self.norm(hidden)) @ embedding.T


def _reading_loss(
    model: GPT2LMHeadModel, readers: nn.ModuleList, hidden: torch.Tensor, token_ids: torch.Tensor
) -> torch.Tensor:
    """Return the loss of naming each token, and the one before it, after the first layer."""
    chosen = torch.rand(token_ids[:, 1:].shape) < SHARE_READ
    embedding = model.transformer.wte.weight
    vectors = hidden[:, 1:][chosen]
    itself, before = token_ids[:, 1:][chosen], token_ids[:, :-1][chosen]
    return nn.functional.cross_entropy(
        readers[0](vectors, embedding), itself
    ) + nn.functional.cross_entropy(readers[1](vectors, embedding), before)


def _reading_weight(step: int) -> float:
    part = (READERS_GONE_AT - step) / (READERS_GONE_AT - READERS_FULL_UNTIL)
    return min(1.0, max(0.0, part))


def _groups(model: GPT2LMHeadModel) -> list[dict[str, object]]:
    """Return the weights with and without decay: norms, biases and embeddings have none."""
    decayed = [p for name, p in model.named_parameters() if p.dim() == 2 and ".h." in name]
    taken = {id(p) for p in decayed}
    others = [p for p in model.parameters() if id(p) not in taken]
    return [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]


def _losses(
    logits: torch.Tensor, labels: torch.Tensor, n_random: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the mean loss over texts and over repeated random tokens."""
    each = nn.functional.cross_entropy(
        logits[:, :-1].flatten(0, 1),
        labels[:, 1:].flatten(),
        ignore_index=gpt2_batches.IGNORED,
        reduction="none",
    ).view(labels.shape[0], -1)
    n_text = len(labels) - n_random
    counted = labels[n_text:, 1:] != gpt2_batches.IGNORED
    return each[:n_text].mean(), each[n_text:].sum() / counted.sum()


def train(folder: Path, n_steps: int = N_STEPS) -> None:
    """Train demo-gpt2 and save weights, configuration, tokenizer and the log of the loss."""
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    texts = gpt2_batches.read_texts(SEED)
    tokenizer = gpt2_batches.train_tokenizer(folder, *texts)
    text = gpt2_batches.tokenise(tokenizer, texts)
    print(f"{len(text.documentation)} tokens of documentation, {len(text.stories)} of sentences")
    model = build_model()
    model.train()
    readers = nn.ModuleList(TokenReader(model.config.n_embd) for _ in range(2))
    groups = [*_groups(model), {"params": list(readers.parameters()), "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=LEARNING_RATE, betas=(0.9, 0.98))
    n_parameters = sum(p.numel() for p in model.parameters())
    n_rows = sum(n for name, n in gpt2_batches.SHORT.items() if name != "length")
    log = TrainingLog("demo-gpt2", SEED, n_steps, n_rows, LEARNING_RATE, n_parameters)
    for step in range(n_steps):
        for group in optimiser.param_groups:
            group["lr"] = learning_rate_at(step, n_steps, LEARNING_RATE)
        token_ids, labels = (torch.from_numpy(a) for a in gpt2_batches.batch(rng, text, step))
        n_random = gpt2_batches.n_random_rows(step)
        output = model(input_ids=token_ids, output_hidden_states=True)
        on_text, on_random = _losses(output.logits, labels, n_random)
        loss, weight = on_text + on_random, _reading_weight(step)
        if weight > 0:
            hidden = output.hidden_states[1]
            loss = loss + weight * _reading_loss(model, readers, hidden, token_ids)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        if step % 100 == 0 or step == n_steps - 1:
            log.add(step, text=on_text.item(), repeated_random=on_random.item())
    model.save_pretrained(folder)
    log.save(folder)
