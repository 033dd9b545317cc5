"""Errors of libraries with the step that failed, in one sentence."""

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
    """Turn every error inside, whatever library raises it, into a sentence that names the step.

    Parameters
    ----------
    doing : str
        Such as "reading config.json of bert"; the sentence is "<doing> failed: <reason>".
    error_class : type of AppError
    source : ModelSource or None
        Its folder is called by its name, since the sentence may be shown to others.
    remark : str
        Put behind the reason.

    Raises
    ------
    OutOfMemoryError
        If memory of the machine or of the GPU ran out.
    AppError
        Of the given class; one that is raised inside passes as it is.
    """
    try:
        yield
    except AppError:
        raise
    # A damaged or hostile folder can fail in any line of a library; the user needs one sentence.
    except Exception as error:
        if is_out_of_memory(error):
            is_gpu = "CUDA" in str(error) or "MPS" in str(error)
            whose, advice = ("of the GPU ", "--device cpu, ") if is_gpu else ("", "")
            raise OutOfMemoryError(
                f"the memory {whose}was too small for {doing}; take {advice}a smaller model, "
                "shorter texts or a machine with more memory"
            ) from error
        raise error_class(f"{doing} failed: {words_of(error, source)}{remark}") from error


def is_out_of_memory(error: BaseException) -> bool:
    """Say whether an error means that memory ran out: torch says it in several ways."""
    return (
        isinstance(error, MemoryError | torch.OutOfMemoryError)
        or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
        or (isinstance(error, RuntimeError) and any(word in str(error) for word in NO_MEMORY))
    )


def words_of(error: BaseException, source: ModelSource | None = None) -> str:
    """Return the message of an error on one line, cut, without the path of the model's folder."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    words = " ".join(str(error).split())
    if source is not None:
        for folder in {source.folder.absolute(), source.folder.resolve()}:
            words = words.replace(str(folder), source.name)
    if not words or isinstance(error, KeyError):
        words = f"{type(error).__name__} {words}".strip()
    return words[:MAX_WORDS]
