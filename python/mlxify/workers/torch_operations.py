"""How much arithmetic a call of PyTorch costs: what decides whether a sample is worth making smaller."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from mlxify.workers.moves import Moves

ELEMENT = 16  # what reading and writing costs; a sum of millions is also as inexact in float32 as it is slow
_CONVOLUTIONS = {"conv1d", "conv2d", "conv3d"}
_TRANSPOSED = {"conv_transpose1d", "conv_transpose2d", "conv_transpose3d"}
_PERMUTATIONS = {"permute", "transpose", "transpose_", "swapaxes", "swapdims", "movedim", "moveaxis", "adjoint", "T", "mT", "H", "mH"}
_PRODUCTS = {"matmul", "__matmul__", "__rmatmul__", "bmm", "mm", "addmm", "baddbmm", "linear", "scaled_dot_product_attention"}


class Operations(TorchFunctionMode):
    """Multiplications and additions of convolutions and matrix products meanwhile: two for each weight and position. Of anything else, an
    element counts as `ELEMENT`."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor):
            name = getattr(func, "__name__", "")
            tensors = [value for value in (*args, *(kwargs or {}).values()) if isinstance(value, Tensor)]
            equation = args[0] if name == "einsum" and args and isinstance(args[0], str) else None
            self.count += ELEMENT * result.numel() + 2 * (_terms(name, tensors, result) if equation is None else _einsum_terms(equation, tensors))
        return result


class PermutationsCounted(TorchFunctionMode):
    def __init__(self) -> None:
        super().__init__()
        self.moves = Moves()

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name = getattr(func, "__name__", "")
        if name == "__get__":  # x.mT
            name = getattr(getattr(func, "__self__", None), "__name__", "")
        if name in _PERMUTATIONS and args and isinstance(args[0], Tensor):
            self.moves.note(args[0].dim(), sys._getframe(1).f_globals.get("__name__", ""))
        return func(*args, **(kwargs or {}))


def _terms(name: str, tensors: list[Tensor], result: Tensor) -> int:
    """Products that are summed."""
    if len(tensors) < 2:
        return 0
    first, second = tensors[:2]
    if name in _CONVOLUTIONS:
        return result.numel() * math.prod(second.shape[1:])
    if name in _TRANSPOSED:
        return first.numel() * math.prod(second.shape[1:])
    if name in _PRODUCTS:
        factor = tensors[1] if name in ("addmm", "baddbmm") else first
        return result.numel() * (factor.shape[-1] if factor.dim() > 0 else 1)
    return 0


def _einsum_terms(equation: str, operands: list[Tensor]) -> int:
    """The product of all axes; an ellipsis counts as one."""
    sizes: dict[str, int] = {}
    for subscripts, operand in zip(equation.replace(" ", "").replace("...", ".").partition("->")[0].split(","), operands, strict=False):
        sizes.update(zip(subscripts, operand.shape, strict=False))
    return math.prod(sizes.values())


def operations_of(call: Callable[[], object]) -> int:
    """Of one call, without gradients."""
    with torch.no_grad(), Operations() as counted:
        call()
    return counted.count
