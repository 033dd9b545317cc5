"""Responses: arrays and JSON, with ETags."""

import gzip
import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import numpy as np
from flask import Response, request

from attentionviz.server.http.context import context
from attentionviz.store.dataset import DatasetReader

IMMUTABLE = "private, max-age=31536000, immutable"
REVALIDATE = "private, no-cache"
MIN_GZIP_BYTES = 1024
# Level 6 takes twice the time and saves only a tenth, and a page waits for it.
GZIP_LEVEL = 4
# An array and its further headers.
ArrayAnswer = tuple[np.ndarray[Any, Any], dict[str, str]]


def array_response(
    reader: DatasetReader,
    etag: str,
    make: Callable[[], ArrayAnswer],
) -> Response:
    """Return an array as raw bytes, or 304 if the client has it.

    Parameters
    ----------
    reader : DatasetReader
        A response of a finished version is immutable.
    etag : str
        Must change when the array changes.
    make : callable
        Returns the array and its further headers; not called for 304.
    """
    if etag in request.if_none_match:
        return _finished(Response(status=304), etag, reader)
    array, headers = make()
    content = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()
    response = Response(content, mimetype="application/octet-stream")
    response.headers["X-Dtype"] = array.dtype.name
    response.headers["X-Shape"] = ",".join(map(str, array.shape))
    response.headers.update(headers)
    return _finished(response, etag, reader)


def file_response(reader: DatasetReader, name: str) -> Response:
    """Return an array file of a dataset, whole."""
    etag = reader.fingerprint("array", files=(name,))
    return array_response(reader, etag, lambda: (reader.array(name), {}))


def binary_response(reader: DatasetReader, name: str, mimetype: str) -> Response:
    """Return a file of a dataset that is not an array, unchanged."""
    etag = reader.fingerprint("file", files=(name,))
    if etag in request.if_none_match:
        return _finished(Response(status=304), etag, reader)
    return _finished(Response(reader.read(name), mimetype=mimetype), etag, reader)


def sequence_counts(n_used: int, n_total: int) -> dict[str, str]:
    """Return the headers for the number of sequences used for an array, and of those found."""
    return {"X-Sequences": str(n_used), "X-Sequences-Total": str(n_total)}


def json_response(content: Any) -> Response:
    """Return a value as JSON that must not be cached."""
    body = json_bytes(content)
    return json_bytes_response(sha256(body).hexdigest()[:32], lambda: body)


def json_bytes(content: Any) -> bytes:
    """Serialize a value as compact UTF-8 JSON; ValueError for NaN."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode()


def json_bytes_response(
    etag: str, make: Callable[[], bytes], reader: DatasetReader | None = None
) -> Response:
    """Return serialized JSON, compressed if the client accepts it.

    Parameters
    ----------
    etag : str
        Must change when the bytes change.
    make : callable
        Returns the bytes; not called for 304, or if the compressed bytes are cached.
    reader : DatasetReader or None
        As for `array_response`.
    """
    return compressible_response(etag, make, "application/json", _cache_control(reader))


def compressible_response(
    etag: str, make: Callable[[], bytes], content_type: str, cache_control: str
) -> Response:
    """Return encoded text, compressed if the client accepts it.

    Parameters
    ----------
    etag, make
        As for `json_bytes_response`.
    content_type, cache_control : str
        Values of the headers of these names.
    """
    takes_gzip = request.accept_encodings.quality("gzip") > 0
    if takes_gzip:
        etag += "-gzip"
    if etag in request.if_none_match:
        response = Response(status=304)
    elif takes_gzip:
        response = _compressed(etag, make)
    else:
        response = Response(make())
    response.content_type = content_type
    response.vary.add("Accept-Encoding")
    response.set_etag(etag)
    response.headers["Cache-Control"] = cache_control
    return response


def _compressed(etag: str, make: Callable[[], bytes]) -> Response:
    cache = context().library.cache
    body: bytes | None = cache.get(("gzip", etag))
    if body is None:
        plain = make()
        if len(plain) < MIN_GZIP_BYTES:
            return Response(plain)
        body = gzip.compress(plain, GZIP_LEVEL, mtime=0)
        cache.put(("gzip", etag), body, len(body))
    response = Response(body)
    response.content_encoding = "gzip"
    return response


def _finished(response: Response, etag: str, reader: DatasetReader | None) -> Response:
    response.set_etag(etag)
    response.headers["Cache-Control"] = _cache_control(reader)
    return response


def _cache_control(reader: DatasetReader | None) -> str:
    is_fixed = (
        reader is not None
        and reader.state == "complete"
        and request.args.get("v") == reader.version
    )
    return IMMUTABLE if is_fixed else REVALIDATE
