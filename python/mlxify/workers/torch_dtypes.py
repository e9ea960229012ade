"""Reading one dtype of torch as a wider one: bfloat16 as float32, float32 as float64.

The model's own text says `torch.bfloat16`, `.float()` or `dtype=torch.float32`. The names are rebound, and whatever still
asks for the narrow dtype (a default that was bound at import) is answered with the wide one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from mlxify.workers import replaced

_NAMES = {torch.bfloat16: ("bfloat16",), torch.float32: ("float32", "float"), torch.complex64: ("complex64", "cfloat")}
_METHODS = {torch.bfloat16: ("bfloat16",), torch.float32: ("float",), torch.complex64: ("cfloat",)}


class _Widening(TorchFunctionMode):
    def __init__(self, wide: dict[torch.dtype, torch.dtype]) -> None:
        super().__init__()
        self.wide = wide
        self.casts = {getattr(torch.Tensor, name): to for narrow, to in wide.items() for name in _METHODS[narrow]}

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        cast = self.casts.get(function)
        if cast is not None:
            return args[0].to(cast)
        args = tuple([self._widened(item) if type(item) is torch.dtype else item for item in args])
        if not kwargs:
            return function(*args)
        return function(*args, **{name: self._widened(item) for name, item in kwargs.items()})

    def _widened(self, item: Any) -> Any:
        return self.wide.get(item, item) if type(item) is torch.dtype else item


def _cast_named(name: str, to: torch.dtype) -> Callable[..., torch.Tensor]:
    def cast(tensor: torch.Tensor, memory_format: torch.memory_format = torch.preserve_format) -> torch.Tensor:
        return tensor.to(to, memory_format=memory_format)

    cast.__module__, cast.__name__, cast.__qualname__ = "torch", name, f"Tensor.{name}"
    return cast


@contextlib.contextmanager
def reading(wide: dict[torch.dtype, torch.dtype], before_import: bool = False) -> Iterator[None]:
    """Within, each dtype of `wide` means the one that it is given for, in everything that is computed.

    `before_import`: nothing of the model holds a narrow dtype yet. Then names and methods are all there is to rebind, and no operation is intercepted.
    """
    spelled = [spelling for narrow, to in wide.items() for spelling in _spellings(narrow, to, before_import)]
    with replaced.attributes(spelled), contextlib.nullcontext() if before_import else _Widening(wide):
        yield


def _spellings(narrow: torch.dtype, to: torch.dtype, of_tensors: bool) -> Iterator[tuple[Any, str, Any]]:
    """What of torch means a dtype, and what means the other."""
    for name in _NAMES[narrow]:
        yield torch, name, to
    for name in _METHODS[narrow]:
        if hasattr(torch.nn.Module, name):
            yield torch.nn.Module, name, lambda module: module.to(to)
        if of_tensors:
            yield torch.Tensor, name, _cast_named(name, to)
