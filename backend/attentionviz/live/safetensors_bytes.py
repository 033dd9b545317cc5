"""Named arrays in one run of bytes: the safetensors file format, written with NumPy alone.

Eight bytes hold the length of a JSON header, which says dtype, shape and place of every array; the
numbers follow, little-endian, without gaps.

Notes
-----
Source: safetensors, README, section "Format".
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

MIMETYPE = "application/vnd.safetensors"
_NAMES = {"float32": "F32", "int32": "I32", "uint8": "U8"}


def tensor_bytes(
    tensors: Mapping[str, np.ndarray[Any, Any]], metadata: Mapping[str, object]
) -> bytes:
    """Return arrays and facts as one file.

    Parameters
    ----------
    tensors : mapping of str to ndarray
        float32, int32 or uint8, of any shape.
    metadata : mapping of str to object
        Each is written as JSON text under its name.

    Raises
    ------
    ValueError
        For another dtype, or a number in the facts that JSON does not have.
    """
    header: dict[str, Any] = {"__metadata__": {name: _json(v) for name, v in metadata.items()}}
    start = 0
    for name, tensor in tensors.items():
        if tensor.dtype.name not in _NAMES:
            raise ValueError(f"{name} is {tensor.dtype.name}, not one of {', '.join(_NAMES)}")
        header[name] = {
            "dtype": _NAMES[tensor.dtype.name],
            "shape": list(tensor.shape),
            "data_offsets": [start, start + tensor.nbytes],
        }
        start += tensor.nbytes
    written = _json(header).encode()
    written += b" " * (-len(written) % 8)  # so that numbers begin where readers want them
    parts = [_little_endian(tensor) for tensor in tensors.values()]
    return b"".join([len(written).to_bytes(8, "little"), written, *parts])


def _little_endian(tensor: np.ndarray[Any, Any]) -> bytes:
    return np.ascontiguousarray(tensor, dtype=tensor.dtype.newbyteorder("<")).tobytes()


def _json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
