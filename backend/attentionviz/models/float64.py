"""Run a network in float64 without converting it: inputs of each operation are widened."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

WIDER = {
    torch.float16: torch.float64,
    torch.bfloat16: torch.float64,
    torch.float32: torch.float64,
    torch.complex64: torch.complex128,
}
CLAIMED = {torch.float64: torch.float32, torch.complex128: torch.complex64}

SELECTIONS = {torch.nn.functional.embedding, torch.Tensor.__getitem__}
"""Few of the numbers that they are given come out: those are widened instead, to save memory."""

CASTS = {torch.Tensor.float, torch.Tensor.half, torch.Tensor.bfloat16}
ASSIGNMENTS = {"__setitem__", "__iadd__", "__isub__", "__imul__", "__itruediv__", "__ipow__"}


class Float64(TorchFunctionMode):
    """While it lasts, every function of PyTorch computes in float64.

    Tensors that a function is given are widened first, and so is a dtype that it is asked for:
    where a network casts to float32 (a softmax, a norm), it goes on in float64. Its parameters
    stay as they are; those of one operation at a time exist twice. Tensors say that they are
    float32, so that a network takes the same branches as in a usual run. A function without
    float64, such as the grouped product of a mixture of experts, computes in float32.
    """

    def __init__(self) -> None:
        super().__init__()
        self._without_float64: set[Callable[..., Any]] = set()

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Call a function of PyTorch with what is widened."""
        kwargs, name = kwargs or {}, getattr(func, "__name__", "")
        if name == "__get__":  # an attribute, such as .dtype or .T
            found = func(*args, **kwargs)
            return CLAIMED.get(found, found) if isinstance(found, torch.dtype) else _wide(found)
        if name == "__set__" or kwargs.get("out") is not None:
            return func(*args, **kwargs)
        if name in ASSIGNMENTS or (name.endswith("_") and not name.endswith("__")):
            # It writes into its first argument, which must stay the same tensor.
            return func(*args[:1], *_wide(args[1:]), **(_wide(kwargs) if args else kwargs))
        if func in SELECTIONS:
            return _wide(func(*args, **kwargs))
        return _wide(self._call(torch.Tensor.double if func in CASTS else func, args, kwargs))

    def _call(self, func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        if func not in self._without_float64:
            try:
                return func(*_wide(args), **_wide(kwargs))
            except RuntimeError as error:  # "not implemented for 'Double'", "…, got Double"
                if "double" not in str(error).lower():
                    raise
            self._without_float64.add(func)
        return func(*_cast(args, CLAIMED), **_cast(kwargs, CLAIMED))


def _wide(value: Any) -> Any:
    return _cast(value, WIDER)


def _cast(value: Any, table: dict[torch.dtype, torch.dtype]) -> Any:
    """Return a value with all tensors and dtypes in it cast; the same object where none is."""
    if isinstance(value, torch.Tensor):
        return value.to(table[value.dtype]) if value.dtype in table else value
    if isinstance(value, torch.dtype):
        return table.get(value, value)
    if type(value) is dict:
        return {key: _cast(one, table) for key, one in value.items()}
    if isinstance(value, list | tuple):
        cast = [_cast(one, table) for one in value]
        if all(one is other for one, other in zip(cast, value, strict=True)):
            return value
        return type(value)(cast)
    return value
