"""Train demo-gpt2: predict the next token of documentation, simple sentences and repetitions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn
from transformers import GPT2Config, GPT2LMHeadModel

from . import gpt2_batches
from .training_log import TrainingLog, learning_rate_at

SEED = 20240401
N_STEPS, LEARNING_RATE = 2_400, 2e-3


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
        bos_token_id=0,
        eos_token_id=0,
    )
    return GPT2LMHeadModel(config)


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
    optimiser = torch.optim.AdamW(_groups(model), lr=LEARNING_RATE, betas=(0.9, 0.98))
    n_parameters = sum(p.numel() for p in model.parameters())
    n_rows = sum(n for name, n in gpt2_batches.SHORT.items() if name != "length")
    log = TrainingLog("demo-gpt2", SEED, n_steps, n_rows, LEARNING_RATE, n_parameters)
    for step in range(n_steps):
        for group in optimiser.param_groups:
            group["lr"] = learning_rate_at(step, n_steps, LEARNING_RATE)
        token_ids, labels = (torch.from_numpy(a) for a in gpt2_batches.batch(rng, text, step))
        n_random = gpt2_batches.n_random_rows(step)
        on_text, on_random = _losses(model(input_ids=token_ids).logits, labels, n_random)
        optimiser.zero_grad()
        (on_text + on_random).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        if step % 100 == 0 or step == n_steps - 1:
            log.add(step, text=on_text.item(), repeated_random=on_random.item())
    model.save_pretrained(folder)
    log.save(folder)
