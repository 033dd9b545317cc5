"""Run a network in float64 without converting it: the inputs of each operation are cast."""

import copy
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
"""Functions that return few of their input numbers: their output is cast, which saves memory."""

CASTS = {torch.Tensor.float, torch.Tensor.half, torch.Tensor.bfloat16}
ASSIGNMENTS = {"__setitem__", "__iadd__", "__isub__", "__imul__", "__itruediv__", "__ipow__"}


class Float64(TorchFunctionMode):
    """Context manager in which every PyTorch function computes in float64.

    Tensor arguments are cast to float64, and so are dtype arguments: where a network casts to
    float32 (a softmax, a norm), it stays in float64. Parameters are not converted; only those of
    the current operation exist twice. Tensors report float32 as their dtype, so that a network
    takes the same branches as usual. A function without float64 support, such as the grouped
    product of a mixture of experts, computes in float32.
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
        """Call a PyTorch function with its arguments cast to float64."""
        kwargs, name = kwargs or {}, getattr(func, "__name__", "")
        if name == "__get__":  # an attribute, such as .dtype or .T
            found = func(*args, **kwargs)
            return CLAIMED.get(found, found) if isinstance(found, torch.dtype) else _wide(found)
        if name == "__set__" or kwargs.get("out") is not None:
            return func(*args, **kwargs)
        if name in ASSIGNMENTS or (name.endswith("_") and not name.endswith("__")):
            # In-place functions write to their first argument, which must stay the same tensor.
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


def float64_twin(network: torch.nn.Module, device: torch.device) -> tuple[Any, torch.device]:
    """Return a copy of a network that shares all weights, and a device that has float64.

    State that a network caches between runs, such as rotary tables, is then not mixed with float64.
    """
    if device.type == "mps":
        twin = copy.deepcopy(network)
        torch.nn.Module.to(twin, "cpu")
        return twin, torch.device("cpu")
    shared = (*network.parameters(), *network.buffers())
    return copy.deepcopy(network, {id(tensor): tensor for tensor in shared}), device


def _wide(value: Any) -> Any:
    return _cast(value, WIDER)


def _cast(value: Any, table: dict[torch.dtype, torch.dtype]) -> Any:
    """Return a value with all tensors and dtypes in it cast; the same object if none changes."""
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
