"""Train demo-vit: classify pictures, and at the same time restore noisy and missing patches.

Classification alone lets every head look at nothing but the class token. Restoring a noisy
patch needs patches that look alike (as in non-local means), and restoring a missing one needs
its neighbours, so that heads come to group patches by place, brightness and hue.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn
from transformers import ViTConfig, ViTForImageClassification

from .picture_classes import class_names, draw_pool
from .training_log import TrainingLog, learning_rate_at

SEED = 20240501
HELD_OUT_SEED = SEED + 1
IMAGE_SIZE, PATCH_SIZE = 64, 8
N_PICTURES, N_STEPS, BATCH_SIZE, LEARNING_RATE = 16_000, 3_000, 48, 1e-3
RESTORATION_WEIGHT = 2.0


def build_model() -> ViTForImageClassification:
    """Return the untrained model."""
    names = class_names()
    config = ViTConfig(
        hidden_size=120,
        num_hidden_layers=4,
        num_attention_heads=6,
        intermediate_size=480,
        image_size=IMAGE_SIZE,
        patch_size=PATCH_SIZE,
        layer_norm_eps=1e-6,
        id2label=dict(enumerate(names)),
        label2id={name: i for i, name in enumerate(names)},
    )
    return ViTForImageClassification(config)


def normalise(pixels: np.ndarray) -> torch.Tensor:
    """Return pixels (n, size, size, 3) uint8 as (n, 3, size, size) float32 in -1..1."""
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1.0


def to_patches(images: torch.Tensor) -> torch.Tensor:
    """Return images (n, 3, size, size) as (n, n_patches, 3 * patch * patch), row by row."""
    n, channels, size, _ = images.shape
    side = size // PATCH_SIZE
    tiles = images.reshape(n, channels, side, PATCH_SIZE, side, PATCH_SIZE)
    return tiles.permute(0, 2, 4, 1, 3, 5).reshape(n, side * side, -1)


def disturb(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return images of which half are noisy and half (independently) miss a quarter of patches."""
    n, _, size, _ = images.shape
    side = size // PATCH_SIZE
    uniform = torch.rand(n, 1, 1, 1, generator=generator)
    is_noisy = torch.rand(n, 1, 1, 1, generator=generator) < 0.5
    noise = torch.randn(images.shape, generator=generator)
    disturbed = images + noise * uniform * 0.6 * is_noisy
    is_torn = torch.rand(n, 1, 1, 1, generator=generator) < 0.5
    missing = (torch.rand(n, 1, side, side, generator=generator) < 0.25) & is_torn
    missing = missing.repeat_interleave(PATCH_SIZE, 2).repeat_interleave(PATCH_SIZE, 3)
    return torch.where(missing, noise, disturbed)


def _losses(
    model: ViTForImageClassification,
    restore: nn.Linear,
    images: torch.Tensor,
    labels: torch.Tensor,
    generator: torch.Generator,
) -> tuple[torch.Tensor, torch.Tensor]:
    hidden = model.vit(pixel_values=disturb(images, generator)).last_hidden_state
    named = nn.functional.cross_entropy(model.classifier(hidden[:, 0]), labels)
    restored = nn.functional.mse_loss(restore(hidden[:, 1:]), to_patches(images))
    return named, restored


def _save_preprocessor(folder: Path) -> None:
    settings = {
        "image_processor_type": "ViTImageProcessor",
        "do_resize": True,
        "size": {"height": IMAGE_SIZE, "width": IMAGE_SIZE},
        "resample": 2,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
    }
    text = json.dumps(settings, indent=2, sort_keys=True) + "\n"
    (folder / "preprocessor_config.json").write_text(text)


def train(folder: Path, n_steps: int = N_STEPS) -> None:
    """Train demo-vit and save weights, configuration, preprocessing and the log of the loss."""
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    model = build_model()
    restore = nn.Linear(model.config.hidden_size, 3 * PATCH_SIZE * PATCH_SIZE)
    weights = [*model.parameters(), *restore.parameters()]
    optimiser = torch.optim.AdamW(weights, lr=LEARNING_RATE, weight_decay=0.05)
    n_parameters = sum(p.numel() for p in model.parameters())
    log = TrainingLog("demo-vit", SEED, n_steps, BATCH_SIZE, LEARNING_RATE, n_parameters)
    pixels, label_idx, _ = draw_pool(N_PICTURES, SEED, IMAGE_SIZE, held_out=False)
    labels = torch.from_numpy(label_idx)
    model.train()
    for step in range(n_steps):
        for group in optimiser.param_groups:
            group["lr"] = learning_rate_at(step, n_steps, LEARNING_RATE)
        chosen = torch.randint(N_PICTURES, (BATCH_SIZE,), generator=generator)
        images = normalise(pixels[chosen.numpy()])
        named, restored = _losses(model, restore, images, labels[chosen], generator)
        optimiser.zero_grad()
        (named + RESTORATION_WEIGHT * restored).backward()
        nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        if step % 100 == 0 or step == n_steps - 1:
            log.add(step, classification=named.item(), restoration=restored.item())
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    _save_preprocessor(folder)
    log.save(folder)
