"""Reading one dtype of torch as a wider one: bfloat16 as float32, float32 as float64.

The model's own text says `torch.bfloat16`, `.float()` or `dtype=torch.float32`. The names are rebound, and whatever still
asks for the narrow dtype (a default that was bound at import, a method) is answered with the wide one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_NAMES = {torch.bfloat16: ("bfloat16",), torch.float32: ("float32", "float"), torch.complex64: ("complex64", "cfloat")}
_METHODS = {torch.bfloat16: ("bfloat16",), torch.float32: ("float",), torch.complex64: ("cfloat",)}


class _Widening(TorchFunctionMode):
    def __init__(self, narrow: torch.dtype, wide: torch.dtype) -> None:
        super().__init__()
        self.narrow, self.wide = narrow, wide
        self.casts = {getattr(torch.Tensor, name) for name in _METHODS[narrow]}

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if function in self.casts:
            return args[0].to(self.wide)
        args = tuple(self.wide if item is self.narrow else item for item in args)
        kwargs = {name: self.wide if item is self.narrow else item for name, item in (kwargs or {}).items()}
        return function(*args, **kwargs)


@contextlib.contextmanager
def reading(narrow: torch.dtype, wide: torch.dtype) -> Iterator[None]:
    """Within, `narrow` means `wide` for everything that is computed."""
    held: list[tuple[Any, str, Any]] = []

    def bind(holder: Any, name: str, value: Any) -> None:
        held.append((holder, name, getattr(holder, name)))
        setattr(holder, name, value)

    mode = _Widening(narrow, wide)
    try:
        for name in _NAMES[narrow]:
            bind(torch, name, wide)
        for name in _METHODS[narrow]:
            if hasattr(torch.nn.Module, name):
                bind(torch.nn.Module, name, lambda module: module.to(wide))
        with mode:
            yield
    finally:
        for holder, name, value in held:
            setattr(holder, name, value)
