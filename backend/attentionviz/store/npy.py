"""The header of an ``.npy`` file, read by a grammar and never evaluated.

Source: NumPy enhancement proposal 1, format versions 1.0 and 2.0.
"""

import math
import re
from typing import Any

import numpy as np

from attentionviz.errors import DamagedDatasetError
from attentionviz.store.layout import FileSpec
from attentionviz.store.safe_files import OpenFile

MAX_HEADER_BYTES = 4096
_MAGIC = b"\x93NUMPY"
_LENGTH_BYTES = {b"\x01\x00": 2, b"\x02\x00": 4}
_HEADER = re.compile(
    rb"\{'descr': '(?P<descr>[<|][fiu][1-8])', 'fortran_order': False, "
    rb"'shape': \((?P<shape>(?:[0-9]{1,18}, ?)*[0-9]{0,18})\), ?\} *\n"
)


def data_start(file: OpenFile, spec: FileSpec) -> int:
    """Return where the numbers of an array file begin.

    Parameters
    ----------
    file : OpenFile
        The whole of it, header and numbers, must be exactly as long as `spec` asks.
    spec : FileSpec
        Wanted dtype and shape.

    Raises
    ------
    DamagedDatasetError
        When it is no ``.npy`` file in C order and little-endian, or holds another array.
    """
    start = file.read(0, min(12, file.key.n_bytes))
    n_length_bytes = _LENGTH_BYTES.get(start[6:8], 0)
    if start[:6] != _MAGIC or not n_length_bytes:
        raise DamagedDatasetError(f"{file.name} is not an .npy file of version 1 or 2")
    begin = 8 + n_length_bytes
    length = int.from_bytes(start[8:begin], "little")
    if length > MAX_HEADER_BYTES:
        raise DamagedDatasetError(f"{file.name} has a header of {length} bytes")
    match = _HEADER.fullmatch(file.read(begin, length))
    if not match:
        raise DamagedDatasetError(f"{file.name} has a header that is not understood")
    found = FileSpec(_dtype_name(match["descr"]), _shape(match["shape"]))
    if found != spec:
        raise DamagedDatasetError(f"{file.name} holds {_words(found)}, expected {_words(spec)}")
    wanted = begin + length + array_bytes(spec)
    if file.key.n_bytes != wanted:
        raise DamagedDatasetError(f"{file.name} has {file.key.n_bytes} bytes, expected {wanted}")
    return begin + length


def array_bytes(spec: FileSpec) -> int:
    """Return how many bytes the numbers of such an array take."""
    return math.prod(spec.shape) * np.dtype(spec.dtype).itemsize


def read_rows(
    file: OpenFile, spec: FileSpec, offset: int, start: int, stop: int
) -> np.ndarray[Any, Any]:
    """Return rows start..stop of an array file, and read nothing else.

    Parameters
    ----------
    file : OpenFile
    spec : FileSpec
        What the file holds.
    offset : int
        What `data_start` returned for it.
    start, stop : int
        0 <= start <= stop <= number of rows.

    Returns
    -------
    ndarray of the file's dtype, shape (stop - start, ...)
        Read-only.
    """
    if not 0 <= start <= stop <= spec.shape[0]:
        raise ValueError(f"rows {start}..{stop} are outside 0..{spec.shape[0]}")
    row_bytes = array_bytes(FileSpec(spec.dtype, spec.shape[1:]))
    content = file.read(offset + start * row_bytes, (stop - start) * row_bytes)
    dtype = np.dtype(spec.dtype).newbyteorder("<")
    return np.frombuffer(content, dtype=dtype).reshape(stop - start, *spec.shape[1:])


def _dtype_name(descr: bytes) -> str:
    try:
        return np.dtype(descr.decode()).name
    except TypeError:
        return descr.decode()


def _shape(text: bytes) -> tuple[int, ...]:
    return tuple(int(part) for part in text.replace(b" ", b"").split(b",") if part)


def _words(spec: FileSpec) -> str:
    return f"{spec.dtype} {spec.shape}"
