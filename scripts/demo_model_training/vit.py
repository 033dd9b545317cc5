"""Train demo-vit: classify pictures, restore disturbed ones, and know what lies around a patch.

Classification alone lets every head look at nothing but the class token. Restoring a noisy
patch needs patches that look alike (as in non-local means), so heads come to group patches by
hue and brightness. Two more aims lean heads towards places: from the output of the first layer, a
linear reader must tell the colours of the four patches around each patch; from that of the second,
the mean colours of its row and of its column.
"""

from __future__ import annotations

import json
import math
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
SIDE = IMAGE_SIZE // PATCH_SIZE
N_PICTURES, N_STEPS, BATCH_SIZE, LEARNING_RATE = 16_000, 2_400, 48, 1e-3
RESTORATION_WEIGHT, NEIGHBOUR_WEIGHT, LINE_WEIGHT = 1.0, 2.0, 4.0
SHARE_NOISY, SHARE_TORN = 0.35, 0.35


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
    model = ViTForImageClassification(config)
    model.vit.embeddings.position_embeddings.data = _sinusoids(config.hidden_size)
    return model


def _sinusoids(width: int) -> torch.Tensor:
    """Return where the learned positions start: half the width for the row, half for the column.

    TokenPositions apart by a step differ by a rotation; the class token starts at zero.
    """
    slowest, fastest = math.log(2 * math.pi / (2 * SIDE)), math.log(0.9 * math.pi)
    angle = torch.arange(SIDE)[:, None] * torch.linspace(fastest, slowest, width // 4).exp()
    line = 0.3 * torch.cat([angle.sin(), angle.cos()], dim=1)  # (place, width / 2)
    rows, columns = line.repeat_interleave(SIDE, 0), line.repeat(SIDE, 1)
    places = torch.cat([rows, columns], dim=1)
    return torch.cat([torch.zeros(1, width), places])[None]


def normalise(pixels: np.ndarray) -> torch.Tensor:
    """Return pixels (n, size, size, 3) uint8 as (n, 3, size, size) float32 in -1..1."""
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1.0


def to_patches(images: torch.Tensor) -> torch.Tensor:
    """Return images (n, 3, size, size) as (n, n_patches, 3 * patch * patch), row by row."""
    n = len(images)
    tiles = images.reshape(n, 3, SIDE, PATCH_SIZE, SIDE, PATCH_SIZE)
    return tiles.permute(0, 2, 4, 1, 3, 5).reshape(n, SIDE * SIDE, -1)


def colours_around(images: torch.Tensor) -> torch.Tensor:
    """Return the colours of the patches above, below, left and right, (n, n_patches, 4 * 12).

    Each patch in 2 x 2 parts; beyond the edge there is nothing, 0.
    """
    parts = nn.functional.avg_pool2d(images, PATCH_SIZE // 2)
    n = len(images)
    small = parts.reshape(n, 3, SIDE, 2, SIDE, 2).permute(0, 2, 4, 1, 3, 5).flatten(3)
    wide = nn.functional.pad(small, (0, 0, 1, 1, 1, 1))  # (n, row, column, 12), framed
    around = (wide[:, :-2, 1:-1], wide[:, 2:, 1:-1], wide[:, 1:-1, :-2], wide[:, 1:-1, 2:])
    return torch.cat(around, dim=-1).flatten(1, 2)


def colours_of_lines(images: torch.Tensor) -> torch.Tensor:
    """Return the mean colours of the row and of the column of each patch, (n, n_patches, 2 * 3)."""
    small = nn.functional.avg_pool2d(images, PATCH_SIZE).permute(0, 2, 3, 1)  # (n, row, column, 3)
    rows = small.mean(dim=2, keepdim=True).expand_as(small)
    columns = small.mean(dim=1, keepdim=True).expand_as(small)
    return torch.cat([rows, columns], dim=-1).flatten(1, 2)


def disturb(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return images of which some are noisy and some, independently, miss a quarter of patches."""
    n = len(images)
    uniform = torch.rand(n, 1, 1, 1, generator=generator)
    is_noisy = torch.rand(n, 1, 1, 1, generator=generator) < SHARE_NOISY
    noise = torch.randn(images.shape, generator=generator)
    disturbed = images + noise * uniform * 0.6 * is_noisy
    is_torn = torch.rand(n, 1, 1, 1, generator=generator) < SHARE_TORN
    missing = (torch.rand(n, 1, SIDE, SIDE, generator=generator) < 0.25) & is_torn
    missing = missing.repeat_interleave(PATCH_SIZE, 2).repeat_interleave(PATCH_SIZE, 3)
    return torch.where(missing, noise, disturbed)


def _losses(
    model: ViTForImageClassification,
    readers: nn.ModuleList,
    images: torch.Tensor,
    labels: torch.Tensor,
    generator: torch.Generator,
) -> dict[str, torch.Tensor]:
    output = model.vit(pixel_values=disturb(images, generator), output_hidden_states=True)
    last, first, second = output.last_hidden_state, *output.hidden_states[1:3]
    return {
        "classification": nn.functional.cross_entropy(model.classifier(last[:, 0]), labels),
        "restoration": nn.functional.mse_loss(readers[0](last[:, 1:]), to_patches(images)),
        "neighbours": nn.functional.mse_loss(readers[1](first[:, 1:]), colours_around(images)),
        "lines": nn.functional.mse_loss(readers[2](second[:, 1:]), colours_of_lines(images)),
    }


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
    (folder / "preprocessor_config.json").write_text(text, encoding="utf-8")


def train(folder: Path, n_steps: int = N_STEPS) -> None:
    """Train demo-vit and save weights, configuration, preprocessing and the log of the loss."""
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    model = build_model()
    width = model.config.hidden_size
    around = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 4 * 12))
    lines = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 2 * 3))
    readers = nn.ModuleList([nn.Linear(width, 3 * PATCH_SIZE * PATCH_SIZE), around, lines])
    weights = [*model.parameters(), *readers.parameters()]
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
        losses = _losses(model, readers, images, labels[chosen], generator)
        loss = losses["classification"] + RESTORATION_WEIGHT * losses["restoration"]
        optimiser.zero_grad()
        loss += NEIGHBOUR_WEIGHT * losses["neighbours"] + LINE_WEIGHT * losses["lines"]
        loss.backward()
        nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        if step % 100 == 0 or step == n_steps - 1:
            log.add(step, **{name: part.item() for name, part in losses.items()})
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    _save_preprocessor(folder)
    log.save(folder)
