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
# Six letters, the version, and in two bytes the length of what follows.
_PREFIX_BYTES = 10


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
    content = file.read(0, min(_PREFIX_BYTES + MAX_HEADER_BYTES, file.key.n_bytes))
    start = _PREFIX_BYTES + int.from_bytes(content[8:_PREFIX_BYTES], "little")
    found, wanted = content[:start], _header(spec)
    # How many spaces follow depends on the version of NumPy.
    if _without_length(found) != _without_length(wanted) or not found.endswith(b"\n"):
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
