"""Quantisation of coordinates to 16 bits, with one scale for all axes to preserve distances."""

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.shapes import require_shape

N_STEPS = 65535


def quantise(
    coordinates: NDArray[np.floating],
) -> tuple[NDArray[np.uint16], list[float], float]:
    """Return the coordinates quantised to 65,536 steps of the widest axis.

    Parameters
    ----------
    coordinates : ndarray of floats, shape (n_points, dims)
        Finite.

    Returns
    -------
    steps : ndarray of uint16, shape (n_points, dims)
        Every axis is centred in 0..65535; the widest one fills it.
    offset : list of float, one per axis
    scale : float
        ``coordinate = offset + scale * step``, with an error of at most half a scale. If all points
        coincide, the scale is 1 and all steps are in the middle.
    """
    require_shape("coordinates", coordinates, (None, None), "f")
    exact = coordinates.astype(np.float64)
    low, high = exact.min(axis=0), exact.max(axis=0)
    widest = float((high - low).max())
    scale = widest / N_STEPS if widest / N_STEPS > 0 else 1.0
    offset = (low + high) / 2 - scale * ((N_STEPS + 1) // 2 if widest == 0 else N_STEPS / 2)
    steps = np.clip(np.rint((exact - offset) / scale), 0, N_STEPS).astype(np.uint16)
    return steps, [float(x) for x in offset], scale


def dequantise(steps: NDArray[np.uint16], offset: list[float], scale: float) -> NDArray[np.float32]:
    """Return the coordinates from the result of `quantise`, within half a step.

    Parameters
    ----------
    steps : ndarray of uint16, shape (n_points, dims)
    offset : list of float, one per axis
    scale : float
    """
    require_shape("steps", steps, (None, len(offset)), "u")
    return (np.asarray(offset) + scale * steps.astype(np.float64)).astype(np.float32)
