"""Draw one picture: waves, hues, brightness, mosaics, shapes, digits.

Every function returns float32 RGB in 0..1 with shape (size, size, 3) and depends on nothing
but its arguments, so that the corpus pictures and the training pictures are one and the same
kind of thing.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

SHAPES = ("circle", "square", "triangle", "cross", "star", "ring")


def plane(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return x to the right and y upwards of every pixel, both -1..1, shape (size, size)."""
    line = (np.arange(size, dtype=np.float64) + 0.5) / size * 2 - 1
    x, y = np.meshgrid(line, -line)
    return x, y


def hsv_to_rgb(
    hue_deg: np.ndarray | float, saturation: float, value: np.ndarray | float
) -> np.ndarray:
    """Return RGB, shape (..., 3), of a hue in degrees at a saturation and a value in 0..1."""
    hue, value = np.broadcast_arrays(np.asarray(hue_deg, float), np.asarray(value, float))
    channels = []
    for offset in (5.0, 3.0, 1.0):
        k = (offset + hue / 60.0) % 6.0
        ramp = np.clip(np.minimum(k, 4.0 - k), 0.0, 1.0)
        channels.append(value * (1.0 - saturation * ramp))
    return np.stack(channels, axis=-1)


def brightness_of(picture: np.ndarray) -> float:
    """Return the mean brightness of a picture, 0..1 (Rec. 601 luma weights)."""
    return float((picture @ np.array([0.299, 0.587, 0.114])).mean())


def _mix(mask: np.ndarray, inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    weight = mask[..., None]
    return (weight * inside + (1.0 - weight) * outside).astype(np.float32)


def _sweep(size: int, angle_deg: float | None) -> np.ndarray:
    """Return -1..1 along an angle, or from the middle outwards when the angle is None."""
    x, y = plane(size)
    if angle_deg is None:
        return np.clip(np.hypot(x, y) * np.sqrt(2.0) - 1.0, -1.0, 1.0)
    angle = np.deg2rad(angle_deg)
    along = x * np.cos(angle) + y * np.sin(angle)
    return along / (abs(np.cos(angle)) + abs(np.sin(angle)))


def waves(
    size: int,
    frequency: float,
    angle_deg: float,
    phase: float,
    low: np.ndarray,
    high: np.ndarray,
) -> np.ndarray:
    """Return a sinusoid between two colours.

    Parameters
    ----------
    frequency : float
        Periods per picture width.
    angle_deg : float
        Direction in which the wave runs: 0 to the right, 90 upwards.
    phase : float
        Radians.
    low, high : ndarray, shape (3,)
        The colours of trough and crest.
    """
    x, y = plane(size)
    angle = np.deg2rad(angle_deg)
    along = x * np.cos(angle) + y * np.sin(angle)
    crest = 0.5 + 0.5 * np.sin(np.pi * frequency * along + phase)
    return _mix(crest, high, low)


def hue_sweep(
    size: int, hue_deg: float, spread_deg: float, angle_deg: float | None, look: tuple[float, float]
) -> np.ndarray:
    """Return hues `hue_deg` ± `spread_deg` along an angle, or from the middle outwards for None.

    `look` holds saturation and value, each 0..1.
    """
    hues = (hue_deg + spread_deg * _sweep(size, angle_deg)) % 360.0
    return hsv_to_rgb(hues, *look).astype(np.float32)


def brightness_sweep(size: int, level: float, spread: float, angle_deg: float | None) -> np.ndarray:
    """Return greys `level` ± `spread` (0..1) along an angle, or from the middle outwards."""
    grey = np.clip(level + spread * _sweep(size, angle_deg), 0.0, 1.0)
    return np.repeat(grey[..., None], 3, axis=-1).astype(np.float32)


def mosaic(size: int, cells: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Return a square mosaic; `cells` (n, n) holds which of `colours` (m, 3) each tile has."""
    tile = (np.arange(size) * cells.shape[0]) // size
    return colours[cells[np.ix_(tile, tile)]].astype(np.float32)


def _regular_star(x: np.ndarray, y: np.ndarray, n_tips: int, depth: float) -> np.ndarray:
    """Return the distance-like field of a star: 0 in the middle, 1 on its edge."""
    step = 2 * np.pi / n_tips
    around = np.abs((np.arctan2(x, y) + step / 2) % step - step / 2)
    tip = np.array([1.0, 0.0])
    notch = depth * np.array([np.cos(step / 2), np.sin(step / 2)])
    normal = np.array([notch[1] - tip[1], tip[0] - notch[0]])
    normal = normal / (normal @ tip)
    radius = np.hypot(x, y)
    return radius * (np.cos(around) * normal[0] + np.sin(around) * normal[1])


def _field(kind: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return a field below 1 inside the shape of radius 1."""
    if kind == "circle":
        return np.hypot(x, y)
    if kind == "ring":
        return 1.0 + np.abs(np.hypot(x, y) - 0.75) - 0.25
    if kind == "square":
        return np.maximum(np.abs(x), np.abs(y)) / 0.8
    if kind == "triangle":
        return np.maximum(-2.0 * y, np.sqrt(3.0) * np.abs(x) + y)
    if kind == "cross":
        long, short = np.maximum(np.abs(x), np.abs(y)), np.minimum(np.abs(x), np.abs(y))
        return np.maximum(long / 0.95, short / 0.3)
    if kind == "star":
        return _regular_star(x, y, n_tips=5, depth=0.42)
    raise ValueError(f"shape {kind!r} is none of {', '.join(SHAPES)}")


def shape(
    kind: str,
    centre: tuple[float, float],
    radius: float,
    rotation_deg: float,
    inside: np.ndarray,
    outside: np.ndarray,
) -> np.ndarray:
    """Return a shape with smooth edges on a background picture.

    Parameters
    ----------
    centre : (x, y), each -1..1
    radius : float
        In units of half the picture's width.
    inside : ndarray, shape (3,)
        The shape's colour.
    outside : ndarray, shape (size, size, 3)
        What it lies on.
    """
    size = outside.shape[0]
    x, y = plane(size)
    x, y = (x - centre[0]) / radius, (y - centre[1]) / radius
    turn = np.deg2rad(rotation_deg)
    x, y = x * np.cos(turn) + y * np.sin(turn), -x * np.sin(turn) + y * np.cos(turn)
    edge_px = 0.5 * size * radius
    mask = np.clip(0.5 + (1.0 - _field(kind, x, y)) * edge_px, 0.0, 1.0)
    return _mix(mask, inside, outside)


def digit(
    strokes: np.ndarray,
    corner: tuple[float, float],
    width: float,
    inside: np.ndarray,
    outside: np.ndarray,
) -> np.ndarray:
    """Return a handwritten digit, enlarged and coloured, on a background picture.

    Parameters
    ----------
    strokes : ndarray, shape (8, 8)
        Ink 0..16, as scikit-learn's digits hold it.
    corner : (left, top), each 0..1 of the picture's width
    width : float
        Of the digit's square, 0..1 of the picture's width.
    inside : ndarray, shape (3,)
    outside : ndarray, shape (size, size, 3)
    """
    size = outside.shape[0]
    side = max(8, round(size * width))
    ink = Image.fromarray(np.asarray(strokes, np.float32) / 16.0)
    enlarged = np.asarray(ink.resize((side, side), Image.Resampling.BICUBIC))
    left, top = (min(round(size * part), size - side) for part in corner)
    mask = np.zeros((size, size))
    mask[top : top + side, left : left + side] = np.clip(enlarged * 1.6 - 0.3, 0.0, 1.0)
    return _mix(mask, inside, outside)


def to_pixels(picture: np.ndarray) -> np.ndarray:
    """Return uint8 pixels of a picture in 0..1."""
    return np.round(np.clip(picture, 0.0, 1.0) * 255.0).astype(np.uint8)
