"""The picture sets of data/corpora/images: what is in each, drawn the same way every time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from . import picture_classes, pictures

SIZE_PX = 128
SEED = 20240601
COLUMNS = ("file", "label", "set", "hue", "brightness", "frequency", "angle")

# How many of each set the mixed folder takes, spread evenly over the set.
DEMO_COUNTS = {"hue": 8, "brightness": 4, "waves": 9, "digits": 10, "shapes": 6, "mosaics": 3}


@dataclass(frozen=True)
class DrawnPicture:
    """One picture and what is known about it."""

    name: str  # file name without ending
    label: str  # a class of demo-vit
    rgb: np.ndarray  # float32 (size, size, 3) in 0..1
    hue_deg: float | None = None
    frequency: float | None = None  # periods per picture width
    angle_deg: float | None = None

    def row(self, set_name: str) -> dict[str, str]:
        """Return its line of labels.csv; what does not apply is empty."""
        facts = {"hue": self.hue_deg, "frequency": self.frequency, "angle": self.angle_deg}
        words = {key: "" if value is None else f"{value:g}" for key, value in facts.items()}
        brightness = f"{pictures.brightness_of(self.rgb):.2f}"
        return {
            "file": f"{self.name}.png",
            "label": self.label,
            "set": set_name,
            "brightness": brightness,
            **words,
        }


def _hue(rng: np.random.Generator) -> Iterator[DrawnPicture]:
    ways = {"even": (0.0, 0.0), "across": (30.0, 0.0), "outwards": (30.0, None)}
    for label, hue in picture_classes.HUES_DEG.items():
        for way, (spread, angle) in ways.items():
            rgb = pictures.hue_sweep(SIZE_PX, hue, spread, angle, (0.85, 0.92))
            yield DrawnPicture(f"{label}-{way}", label, rgb, hue_deg=hue)


def _brightness(rng: np.random.Generator) -> Iterator[DrawnPicture]:
    ways = {
        "even": (0.0, 0.0),
        "across": (0.25, 0.0),
        "upwards": (0.25, 90.0),
        "diagonal": (0.25, 45.0),
        "outwards": (0.25, None),
        "inwards": (-0.25, None),
    }
    for label, level in picture_classes.LEVELS.items():
        for way, (spread, angle) in ways.items():
            rgb = pictures.brightness_sweep(SIZE_PX, level, spread, angle)
            yield DrawnPicture(f"{label}-{way}", label, rgb)


def _waves(rng: np.random.Generator) -> Iterator[DrawnPicture]:
    black, white = np.zeros(3), np.ones(3)
    for frequency in picture_classes.FREQUENCIES:
        for angle in picture_classes.ANGLES_DEG:
            hue = float(rng.integers(0, 24) * 15)
            deep = pictures.hsv_to_rgb(hue, 0.9, 0.35)
            pale = pictures.hsv_to_rgb((hue + 40) % 360, 0.35, 1.0)
            for look, low, high in (("grey", black, white), ("coloured", deep, pale)):
                rgb = pictures.waves(SIZE_PX, frequency, angle, 0.0, low, high)
                yield DrawnPicture(
                    f"waves-{frequency}-at-{angle:03d}-{look}",
                    picture_classes.wave_label(frequency, angle),
                    rgb,
                    hue_deg=None if look == "grey" else hue,
                    frequency=frequency,
                    angle_deg=angle,
                )


def _inks(rng: np.random.Generator, n: int) -> Iterator[tuple[float, np.ndarray, np.ndarray]]:
    """Yield a hue, a colour of that hue and a contrasting even ground, light and dark by turns."""
    for i in range(n):
        hue = float(rng.integers(0, 24) * 15)
        ground_hue = (hue + 150) % 360
        if i % 2:
            ink, ground = pictures.hsv_to_rgb(hue, 0.9, 0.35), (0.2, 0.95)
        else:
            ink, ground = pictures.hsv_to_rgb(hue, 0.5, 1.0), (0.7, 0.25)
        yield hue, ink, pictures.hue_sweep(SIZE_PX, ground_hue, 10.0, 90.0, ground)


def _digits(rng: np.random.Generator) -> Iterator[DrawnPicture]:
    strokes, labels = picture_classes.load_digits_once()
    held_out = np.arange(picture_classes.N_TRAINING_DIGITS, len(labels))
    inks = _inks(rng, 30)
    for digit in range(10):
        chosen = rng.choice(held_out[labels[held_out] == digit], 3, replace=False)
        for i, which in enumerate(chosen):
            hue, ink, ground = next(inks)
            corner = (float(rng.uniform(0, 0.2)), float(rng.uniform(0, 0.2)))
            rgb = pictures.digit(strokes[which], corner, 0.8, ink, ground)
            yield DrawnPicture(f"digit-{digit}-{i}", f"digit {digit}", rgb, hue_deg=hue)


def _shapes(rng: np.random.Generator) -> Iterator[DrawnPicture]:
    inks = _inks(rng, 5 * len(pictures.SHAPES))
    for kind in pictures.SHAPES:
        for i in range(5):
            hue, ink, ground = next(inks)
            radius = float(rng.uniform(0.45, 0.75))
            centre = (float(rng.uniform(-0.2, 0.2)), float(rng.uniform(-0.2, 0.2)))
            turn = float(rng.uniform(-15, 15))
            rgb = pictures.shape(kind, centre, radius, turn, ink, ground)
            yield DrawnPicture(f"{kind}-{i}", kind, rgb, hue_deg=hue)


def _mosaics(rng: np.random.Generator) -> Iterator[DrawnPicture]:
    for i in range(12):
        side, n_colours = (4, 8, 8)[i % 3], 2 + i % 3
        hues = float(rng.uniform(0, 360)) + 360 * np.arange(n_colours) / n_colours
        colours = np.stack([pictures.hsv_to_rgb(h, 0.75, 0.9) for h in hues])
        greys = np.repeat(np.linspace(0.1, 0.9, n_colours)[:, None], 3, axis=1)
        cells = rng.integers(0, n_colours, (side, side))
        cells[0, :2] = 0, 1
        for look, palette in (("colour", colours), ("grey", greys)):
            rgb = pictures.mosaic(SIZE_PX, cells, palette)
            yield DrawnPicture(f"{look}-mosaic-{i:02d}", f"{look} mosaic", rgb)


SETS: dict[str, Callable[[np.random.Generator], Iterator[DrawnPicture]]] = {
    "hue": _hue,
    "brightness": _brightness,
    "waves": _waves,
    "digits": _digits,
    "shapes": _shapes,
    "mosaics": _mosaics,
}


def draw_set(name: str) -> list[DrawnPicture]:
    """Return the pictures of one set, always the same."""
    seed = [SEED, list(SETS).index(name)]
    return list(SETS[name](np.random.default_rng(seed)))


def choose_for_demo(drawn: list[DrawnPicture], n: int) -> list[DrawnPicture]:
    """Return `n` pictures spread evenly over a set, no look or label left out by the stride."""
    return [drawn[(i * len(drawn)) // n + i % max(1, len(drawn) // n)] for i in range(n)]
