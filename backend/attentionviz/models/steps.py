"""Conversion of library exceptions to one-sentence errors that name the failed step."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from attentionviz.errors import AppError, OutOfMemoryError
from attentionviz.models.names import ModelSource

MAX_WORDS = 200
NO_MEMORY = ("allocate memory", "out of memory", "not enough memory")


@contextmanager
def step(
    doing: str, error_class: type[AppError], source: ModelSource | None = None, remark: str = ""
) -> Iterator[None]:
    """Convert every exception in the ``with`` block to an error that names the step.

    Parameters
    ----------
    doing : str
        Such as "reading config.json of bert"; the message is "<doing> failed: <reason>".
    error_class : type of AppError
    source : ModelSource or None
        The path of its folder is replaced by its name, since others may see the message.
    remark : str
        Appended to the reason.

    Raises
    ------
    OutOfMemoryError
        If the machine or the GPU is out of memory.
    AppError
        Of the given class; an AppError raised in the block passes unchanged.
    """
    try:
        yield
    except AppError:
        raise
    # A damaged or malicious folder can raise any exception in a library.
    except Exception as error:
        if is_out_of_memory(error):
            is_gpu = "CUDA" in str(error) or "MPS" in str(error)
            whose, advice = ("of the GPU ", "--device cpu, ") if is_gpu else ("", "")
            raise OutOfMemoryError(
                f"the memory {whose}was too small for {doing}; use {advice}--dtype auto, "
                "--device-map auto, shorter texts, a smaller model or a machine with more memory"
            ) from error
        raise error_class(f"{doing} failed: {error_message(error, source)}{remark}") from error


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an exception means out of memory; torch has several for it."""
    return (
        isinstance(error, MemoryError | torch.OutOfMemoryError)
        or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
        or (isinstance(error, RuntimeError) and any(word in str(error) for word in NO_MEMORY))
    )


def error_message(error: BaseException, source: ModelSource | None = None) -> str:
    """Return the message of an exception on one line, shortened, without the model's path."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    words = " ".join(str(error).split())
    if source is not None:
        for folder in {source.folder.absolute(), source.folder.resolve()}:
            words = words.replace(str(folder), source.name)
    if not words or isinstance(error, KeyError):
        words = f"{type(error).__name__} {words}".strip()
    return words[:MAX_WORDS]
