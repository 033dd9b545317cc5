"""Measure what the heads of demo-vit do, and how well it classifies pictures it never saw."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import ViTForImageClassification

from . import pictures
from .picture_classes import class_names, draw_pool
from .vit import HELD_OUT_SEED, IMAGE_SIZE, SIDE, normalise

N_HELD_OUT, N_MOSAICS = 1_500, 64


@dataclass(frozen=True)
class PatchMeasures:
    """Scores of every head, each float64 (n_layers, n_heads), and accuracy by family.

    All shares are of the attention that a patch pays to *other patches*; what a head that looks
    at all other patches alike would have is in `uniform`, under the same name.

    Attributes
    ----------
    same_row, same_column, adjacent : share on the same row, column, on the 8 patches around
    same_hue, same_brightness : share on tiles of the same colour or grey, in random mosaics
        of 8 x 8 tiles (one a patch), where a tile's place says nothing of its colour
    class_token, itself : attention of a patch to the class token and to itself
    """

    same_row: np.ndarray
    same_column: np.ndarray
    adjacent: np.ndarray
    same_hue: np.ndarray
    same_brightness: np.ndarray
    class_token: np.ndarray
    itself: np.ndarray
    uniform: dict[str, float]
    accuracy: dict[str, float]
    chance: float


def load(folder: Path) -> ViTForImageClassification:
    """Return the model with attention that can be read."""
    model = ViTForImageClassification.from_pretrained(
        folder, local_files_only=True, attn_implementation="eager", dtype=torch.float32
    )
    return model.eval()


@torch.no_grad()
def _attention(model: ViTForImageClassification, pixels: np.ndarray) -> np.ndarray:
    """Return attention (picture, layer, head, query, key), the class token first."""
    output = model(pixel_values=normalise(pixels), output_attentions=True)
    return torch.stack(output.attentions, dim=1).double().numpy()


def _to_others(pattern: np.ndarray) -> np.ndarray:
    """Return the attention among patches without the diagonal, rows summing to 1."""
    among = pattern[..., 1:, 1:] * (1.0 - np.eye(SIDE * SIDE))
    return among / among.sum(axis=-1, keepdims=True)


def _mosaics(rng: np.random.Generator, is_grey: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return random mosaics of 8 x 8 tiles in four colours, and the colour of each tile."""
    cells = rng.integers(0, 4, (N_MOSAICS, SIDE, SIDE))
    drawn = []
    for cell in cells:
        if is_grey:
            colours = np.repeat(np.array([[0.05], [0.35], [0.65], [0.95]]), 3, axis=1)
        else:
            hues = rng.uniform(0, 360) + 90 * np.arange(4)
            colours = np.stack([pictures.hsv_to_rgb(hue, 0.8, 0.85) for hue in hues])
        drawn.append(pictures.to_pixels(pictures.mosaic(IMAGE_SIZE, cell, colours)))
    return np.stack(drawn), cells.reshape(N_MOSAICS, -1)


def _same_colour(model: ViTForImageClassification, is_grey: bool) -> tuple[np.ndarray, float]:
    pixels, cells = _mosaics(np.random.default_rng(11), is_grey)
    same = (cells[:, :, None] == cells[:, None, :]) & ~np.eye(SIDE * SIDE, dtype=bool)
    others = _to_others(_attention(model, pixels))
    share = (others * same[:, None, None]).sum(axis=-1).mean(axis=(0, 3))
    return share, float(same.mean() * SIDE**2 / (SIDE**2 - 1))


def _places() -> dict[str, np.ndarray]:
    """Return which pairs of patches share a row or column or touch, each bool (64, 64)."""
    row, column = np.divmod(np.arange(SIDE * SIDE), SIDE)
    by_rows, by_columns = (np.abs(p[:, None] - p[None, :]) for p in (row, column))
    apart = ~np.eye(SIDE * SIDE, dtype=bool)
    return {
        "same_row": (by_rows == 0) & apart,
        "same_column": (by_columns == 0) & apart,
        "adjacent": (by_rows <= 1) & (by_columns <= 1) & apart,
    }


def _accuracy(
    model: ViTForImageClassification, pixels: np.ndarray, labels: np.ndarray, families: list[str]
) -> dict[str, float]:
    with torch.no_grad():
        logits = torch.cat([model(pixel_values=normalise(p)).logits for p in _parts(pixels)])
    is_right = logits.argmax(-1).numpy() == labels
    of = np.array(families)
    by_family = {name: float(is_right[of == name].mean()) for name in sorted(set(families))}
    return {"all": float(is_right.mean()), **by_family}


def _parts(pixels: np.ndarray) -> list[np.ndarray]:
    return np.array_split(pixels, max(1, len(pixels) // 100))


def measure(folder: Path) -> PatchMeasures:
    """Return the measures of the model in a folder."""
    model = load(folder)
    pixels, labels, families = draw_pool(N_HELD_OUT, HELD_OUT_SEED, IMAGE_SIZE, held_out=True)
    pattern = _attention(model, pixels[:100])
    others = _to_others(pattern)
    scores, uniform = {}, {}
    for name, is_such in _places().items():
        scores[name] = (others * is_such).sum(axis=-1).mean(axis=(0, 3))
        uniform[name] = float(is_such.sum(axis=-1).mean() / (SIDE * SIDE - 1))
    scores["same_hue"], uniform["same_hue"] = _same_colour(model, is_grey=False)
    scores["same_brightness"], uniform["same_brightness"] = _same_colour(model, is_grey=True)
    return PatchMeasures(
        class_token=pattern[..., 1:, 0].mean(axis=(0, 3)),
        itself=np.diagonal(pattern[..., 1:, 1:], axis1=-2, axis2=-1).mean(axis=(0, 3)),
        uniform=uniform,
        accuracy=_accuracy(model, pixels, labels, families),
        chance=1.0 / len(class_names()),
        **scores,
    )
