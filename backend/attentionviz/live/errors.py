"""Conversion of errors of the model process to errors of the server.

The worker has parsed untrusted input, so its output is untrusted as well: messages are truncated
and shown as plain text, and only the error codes listed here are accepted.
"""

import logging
import re
from typing import Any

from attentionviz.errors import (
    AppError,
    DamagedDatasetError,
    DatasetNotFoundError,
    InvalidImageError,
    InvalidRequestError,
    InvalidTextError,
    LiveUnavailableError,
    NotReadyError,
)

MAX_MESSAGE = 500
PLACE = re.compile(r"[A-Za-z]{1,60} in [\w.]{1,60}:[0-9]{1,6}", re.ASCII)
_log = logging.getLogger(__name__)
KNOWN: dict[str, type[AppError]] = {
    error.code: error
    for error in (
        DamagedDatasetError,
        DatasetNotFoundError,
        InvalidImageError,
        InvalidRequestError,
        InvalidTextError,
        LiveUnavailableError,
        NotReadyError,
    )
}


def error_of(report: Any) -> AppError:
    """Return the error that a worker reported as code and message."""
    code = report.get("code") if isinstance(report, dict) else None
    message = report.get("message") if isinstance(report, dict) else None
    if not isinstance(code, str) or not isinstance(message, str) or not message:
        code, message = "", ""
    if code in KNOWN:
        return KNOWN[code](message[:MAX_MESSAGE])
    if PLACE.fullmatch(message):  # anything else might quote a visitor's text
        _log.warning("the live worker failed with %s", message)
    return AppError("the process that runs the model failed on this input; another may work")
