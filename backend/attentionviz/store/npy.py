"""Array files in the ``.npy`` format, compared with their records.

A header is compared with the one that NumPy writes for the recorded array, and never parsed.
Source: NumPy enhancement proposal 1, format version 1.0.
"""

import io
import math
from typing import Any

import numpy as np

from attentionviz.errors import DamagedDatasetError
from attentionviz.store.layout import FileSpec
from attentionviz.store.safe_files import OpenFile

MAX_HEADER_BYTES = 4096
# Magic string (6 bytes), version (2), and length of the header text (2).
_PREFIX_BYTES = 10


def data_start(file: OpenFile, spec: FileSpec) -> int:
    """Return the offset in bytes at which the data of an array file begins.

    Parameters
    ----------
    file : OpenFile
        Header and data must be exactly as long as `spec` requires.
    spec : FileSpec
        Wanted dtype and shape.

    Raises
    ------
    DamagedDatasetError
        If it is not a little-endian ``.npy`` file in C order, or dtype or shape differ.
    """
    content = file.read(0, min(_PREFIX_BYTES + MAX_HEADER_BYTES, file.key.n_bytes))
    start = _PREFIX_BYTES + int.from_bytes(content[8:_PREFIX_BYTES], "little")
    header, wanted = content[:start], _header(spec)
    # The number of padding spaces depends on the version of NumPy.
    if _without_length(header) != _without_length(wanted) or not header.endswith(b"\n"):
        raise DamagedDatasetError(
            f"{file.name} is not an .npy file of the array that is recorded: "
            f"expected {spec.dtype} {spec.shape}"
        )
    n_bytes = start + array_bytes(spec)
    if file.key.n_bytes != n_bytes:
        raise DamagedDatasetError(f"{file.name} has {file.key.n_bytes} bytes, expected {n_bytes}")
    return start


def _header(spec: FileSpec) -> bytes:
    descr = np.dtype(spec.dtype).newbyteorder("<").str
    written = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        written, {"descr": descr, "fortran_order": False, "shape": spec.shape}
    )
    return written.getvalue()


def _without_length(header: bytes) -> tuple[bytes, bytes]:
    return header[:8], header[_PREFIX_BYTES:].rstrip(b" \n")


def array_bytes(spec: FileSpec) -> int:
    """Return the size of the data of an array in bytes, without the header."""
    return math.prod(spec.shape) * np.dtype(spec.dtype).itemsize


def read_rows(
    file: OpenFile, spec: FileSpec, offset: int, start: int, stop: int
) -> np.ndarray[Any, Any]:
    """Return rows start..stop of an array file; no other rows are read.

    Parameters
    ----------
    file : OpenFile
    spec : FileSpec
        Dtype and shape of the whole array.
    offset : int
        As returned by `data_start`.
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
