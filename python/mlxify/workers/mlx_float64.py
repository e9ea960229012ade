"""MLX with float64 for float32, on a CPU: what shows whether a difference is MLX's own rounding."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import mlx.core as mx


@contextlib.contextmanager
def in_force() -> Iterator[None]:
    """What a file casts to float32 becomes float64 meanwhile, and what MLX computes in float32 in any case is spelled out."""
    replaced: list[tuple[Any, str, Any]] = [
        (mx, "float32", mx.float64),
        *((mx, name, _by_group(getattr(mx, name))) for name in ("conv1d", "conv2d", "conv3d")),
        (mx.fast, "layer_norm", _layer_norm),
        (mx.fast, "rms_norm", _rms_norm),
    ]
    usual = [(owner, name, getattr(owner, name)) for owner, name, _ in replaced]
    for owner, name, value in replaced:
        setattr(owner, name, value)
    try:
        yield
    finally:
        for owner, name, value in usual:
            setattr(owner, name, value)


def _by_group(convolution: Callable[..., mx.array]) -> Callable[..., mx.array]:
    """One group at a time: MLX differentiates convolutions of several groups in float32 only."""

    def call(
        input: mx.array, weight: mx.array, /, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1, **options: Any
    ) -> mx.array:
        pieces = zip(mx.split(input, groups, axis=-1), mx.split(weight, groups, axis=0), strict=True)
        return mx.concatenate([convolution(a, b, stride, padding, dilation, **options) for a, b in pieces], axis=-1)

    return call


def _layer_norm(x: mx.array, weight: mx.array | None, bias: mx.array | None, eps: float, **options: Any) -> mx.array:
    result = (x - x.mean(axis=-1, keepdims=True)) / mx.sqrt(x.var(axis=-1, keepdims=True) + eps)
    result = result if weight is None else result * weight
    return result if bias is None else result + bias


def _rms_norm(x: mx.array, weight: mx.array | None, eps: float, **options: Any) -> mx.array:
    result = x / mx.sqrt((x * x).mean(axis=-1, keepdims=True) + eps)
    return result if weight is None else result * weight
