"""A check of array shapes for public functions."""

from typing import Any

import numpy as np

from attentionviz.errors import ShapeError


def require_shape(
    name: str, array: np.ndarray[Any, Any], shape: tuple[int | None, ...], kind: str | None = None
) -> None:
    """Raise ShapeError, with the actual and the expected shape, unless the array matches.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    array : ndarray
    shape : tuple of int or None
        Expected shape; None stands for any length.
    kind : str or None
        Expected ``dtype.kind`` letters, such as ``"f"`` or ``"iu"``.
    """
    wanted = "(" + ", ".join("any" if n is None else str(n) for n in shape) + ")"
    fits = array.ndim == len(shape) and all(
        n is None or n == m for n, m in zip(shape, array.shape, strict=True)
    )
    if not fits:
        raise ShapeError(f"{name} has shape {array.shape}, expected {wanted}")
    if kind is not None and array.dtype.kind not in kind:
        raise ShapeError(f"{name} has dtype {array.dtype}, expected one of kind {kind!r}")
