"""The classes of demo-vit and a random picture of any of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.datasets import load_digits

from . import pictures

HUES_DEG = {
    "red": 0,
    "orange": 30,
    "yellow": 60,
    "green": 120,
    "cyan": 180,
    "blue": 225,
    "purple": 275,
    "pink": 325,
}
LEVELS = {"dark": 0.12, "dim": 0.37, "light": 0.63, "bright": 0.88}
FREQUENCIES = (2, 4, 8)
ANGLES_DEG = (0, 30, 60, 90, 120, 150)

# Of 100 training pictures; families with more to learn get more.
FAMILY_SHARES = {"digit": 36, "hue": 10, "brightness": 6, "waves": 18, "shape": 20, "mosaic": 10}

# The last digits are held out: 1,797 in all, so these 360 were never seen in training.
N_TRAINING_DIGITS = 1437


def wave_label(frequency: int, angle_deg: int) -> str:
    """Return the class name of a sinusoid."""
    return f"waves {frequency} at {angle_deg} degrees"


def class_names() -> list[str]:
    """Return every class in the order of the model's outputs."""
    return (
        [f"digit {n}" for n in range(10)]
        + list(HUES_DEG)
        + list(LEVELS)
        + [wave_label(f, a) for f in FREQUENCIES for a in ANGLES_DEG]
        + list(pictures.SHAPES)
        + ["colour mosaic", "grey mosaic"]
    )


def _any_colour(rng: np.random.Generator, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    """Return a colour whose value lies between two bounds, often saturated, at times grey."""
    saturation = 0.0 if rng.random() < 0.15 else rng.uniform(0.35, 1.0)
    return pictures.hsv_to_rgb(rng.uniform(0, 360), saturation, rng.uniform(low, high))


def _ground(rng: np.random.Generator, size: int, low: float, high: float) -> np.ndarray:
    """Return a quiet background: a sweep between two near colours."""
    first = _any_colour(rng, low, high)
    second = np.clip(first + rng.uniform(-0.12, 0.12, 3), 0.0, 1.0)
    angle = float(rng.uniform(0, 360))
    return pictures.waves(size, 0.5, angle, 0.0, first, second)


def _ink_and_ground(rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
    if rng.random() < 0.5:
        return _any_colour(rng, 0.75, 1.0), _ground(rng, size, 0.0, 0.4)
    return _any_colour(rng, 0.0, 0.4), _ground(rng, size, 0.75, 1.0)


def _sweep_angle(rng: np.random.Generator) -> float | None:
    return None if rng.random() < 0.25 else float(rng.uniform(0, 360))


def _digit(rng: np.random.Generator, size: int, held_out: bool) -> tuple[str, np.ndarray]:
    digits = load_digits_once()
    first, last = (N_TRAINING_DIGITS, len(digits[1])) if held_out else (0, N_TRAINING_DIGITS)
    which = int(rng.integers(first, last))
    width = rng.uniform(0.6, 1.0)
    corner = (rng.uniform(0, 1 - width), rng.uniform(0, 1 - width))
    ink, ground = _ink_and_ground(rng, size)
    return f"digit {digits[1][which]}", pictures.digit(digits[0][which], corner, width, ink, ground)


_DIGITS: list[tuple[np.ndarray, np.ndarray]] = []


def load_digits_once() -> tuple[np.ndarray, np.ndarray]:
    """Return scikit-learn's digits: ink (1797, 8, 8) in 0..16 and labels (1797,)."""
    if not _DIGITS:
        bunch = load_digits()
        _DIGITS.append((bunch.images, bunch.target))
    return _DIGITS[0]


def _hue(rng: np.random.Generator, size: int, held_out: bool) -> tuple[str, np.ndarray]:
    label = str(rng.choice(list(HUES_DEG)))
    look = (rng.uniform(0.55, 1.0), rng.uniform(0.5, 1.0))
    middle = HUES_DEG[label] + rng.uniform(-6, 6)
    return label, pictures.hue_sweep(size, middle, rng.uniform(0, 40), _sweep_angle(rng), look)


def _brightness(rng: np.random.Generator, size: int, held_out: bool) -> tuple[str, np.ndarray]:
    label = str(rng.choice(list(LEVELS)))
    level, spread = LEVELS[label] + rng.uniform(-0.06, 0.06), rng.uniform(0, 0.3)
    return label, pictures.brightness_sweep(size, level, spread, _sweep_angle(rng))


def _waves(rng: np.random.Generator, size: int, held_out: bool) -> tuple[str, np.ndarray]:
    frequency, angle = int(rng.choice(FREQUENCIES)), int(rng.choice(ANGLES_DEG))
    turned = angle + rng.uniform(-7, 7)
    low, high = _any_colour(rng, 0.0, 0.45), _any_colour(rng, 0.65, 1.0)
    stretched = frequency * rng.uniform(0.9, 1.1)
    picture = pictures.waves(size, stretched, turned, rng.uniform(0, 2 * np.pi), low, high)
    return wave_label(frequency, angle), picture


def _shape(rng: np.random.Generator, size: int, held_out: bool) -> tuple[str, np.ndarray]:
    label = str(rng.choice(pictures.SHAPES))
    radius = rng.uniform(0.35, 0.8)
    room = 1.0 - radius
    centre = (rng.uniform(-room, room), rng.uniform(-room, room))
    ink, ground = _ink_and_ground(rng, size)
    return label, pictures.shape(label, centre, radius, rng.uniform(-20, 20), ink, ground)


def _mosaic(rng: np.random.Generator, size: int, held_out: bool) -> tuple[str, np.ndarray]:
    label = str(rng.choice(["colour mosaic", "grey mosaic"]))
    n_colours = int(rng.integers(2, 5))
    side = int(rng.choice([2, 4, 8], p=[0.15, 0.4, 0.45]))
    cells = rng.integers(0, n_colours, (side, side))
    cells[0, :2] = 0, 1
    if label == "grey mosaic":
        greys = np.linspace(rng.uniform(0, 0.25), rng.uniform(0.75, 1), n_colours)
        colours = np.repeat(rng.permutation(greys)[:, None], 3, axis=1)
    else:
        hues = rng.uniform(0, 360) + 360 * np.arange(n_colours) / n_colours
        colours = np.stack([pictures.hsv_to_rgb(h, rng.uniform(0.6, 1), 0.85) for h in hues])
    return label, pictures.mosaic(size, cells, colours)


_FAMILIES: dict[str, Callable[[np.random.Generator, int, bool], tuple[str, np.ndarray]]] = {
    "digit": _digit,
    "hue": _hue,
    "brightness": _brightness,
    "waves": _waves,
    "shape": _shape,
    "mosaic": _mosaic,
}


def draw_pool(
    n: int, seed: int, size: int, *, held_out: bool
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return many random pictures.

    Returns
    -------
    pixels : ndarray of uint8, shape (n, size, size, 3)
        Drawn at twice the size and averaged, as a resized corpus picture is.
    label_idx : ndarray of int64, shape (n,)
    families : list of str
    """
    rng = np.random.default_rng(seed)
    index = {name: i for i, name in enumerate(class_names())}
    names = list(FAMILY_SHARES)
    shares = np.array([FAMILY_SHARES[name] for name in names], float)
    families = [str(f) for f in rng.choice(names, size=n, p=shares / shares.sum())]
    pixels = np.empty((n, size, size, 3), np.uint8)
    label_idx = np.empty(n, np.int64)
    for i, family in enumerate(families):
        label, picture = _FAMILIES[family](rng, 2 * size, held_out)
        small = picture.reshape(size, 2, size, 2, 3).mean(axis=(1, 3))
        pixels[i], label_idx[i] = pictures.to_pixels(small), index[label]
    return pixels, label_idx, families
