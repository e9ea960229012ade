"""MLX with float64 for float32, on a CPU: what shows whether a difference is MLX's own rounding."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import mlx.core as mx
import numpy as np

from mlxify.workers import replaced

_FLOAT32, _FLOAT64 = mx.float32, mx.float64
_MAKERS = ("arange", "eye", "full", "identity", "linspace", "ones", "tri", "zeros")
_ARRAY, _DIVIDE, _DIVIDE_REVERSED = mx.array, mx.array.__truediv__, mx.array.__rtruediv__


@contextlib.contextmanager
def in_force() -> Iterator[None]:
    """What a file casts to float32 becomes float64 meanwhile, as what is float32 by default does, and what MLX computes in float32 in any
    case is spelled out."""
    wide: list[tuple[Any, str, Any]] = [
        (mx, "float32", mx.float64),
        (mx, "conv_general", conv_general),
        *((mx, f"conv{axes}d", _convolution) for axes in (1, 2, 3)),
        *((mx, f"conv_transpose{axes}d", _transposed) for axes in (1, 2, 3)),
        (mx.fast, "layer_norm", _layer_norm),
        (mx.fast, "rms_norm", _rms_norm),
        *((mx, name, _made_wide(getattr(mx, name))) for name in _MAKERS),
        (mx, "array", _Array),
        (_ARRAY, "__truediv__", _divided),
        (_ARRAY, "__rtruediv__", _divided_reversed),
        (np, "float32", np.float64),
    ]
    with replaced.attributes(wide):
        yield


def _made_wide(make: Callable[..., mx.array]) -> Callable[..., mx.array]:
    """`make`, whose float32 by default is float64."""

    def made(*args: Any, **options: Any) -> mx.array:
        result = make(*args, **options)
        return make(*args, **{**options, "dtype": _FLOAT64}) if result.dtype == _FLOAT32 else result

    return made


class _ArrayType(type):
    """Stands for the type `mx.array`, whose instances are made in C++."""

    def __call__(cls, value: Any, dtype: mx.Dtype | None = None) -> Any:
        made = _ARRAY(value) if dtype is None else _ARRAY(value, dtype)
        narrow = dtype is None and made.dtype == _FLOAT32 and not isinstance(value, _ARRAY)
        return _ARRAY(value, _FLOAT64) if narrow else made

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, _ARRAY)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, _ARRAY)

    def __getattr__(cls, name: str) -> Any:
        return getattr(_ARRAY, name)


class _Array(metaclass=_ArrayType):
    """What `mx.array` is meanwhile: floats of Python and numpy become float64."""


def _divided(a: mx.array, b: Any) -> mx.array:
    return _DIVIDE(_wide_integers(a, b), b)


def _divided_reversed(b: mx.array, a: Any) -> mx.array:
    return _DIVIDE_REVERSED(_wide_integers(b, a), a)


def _wide_integers(a: mx.array, b: Any) -> mx.array:
    """Integers as float64 where the other is no float array, which would say itself how wide the quotient is."""
    alone = not isinstance(b, mx.array) or mx.issubdtype(b.dtype, mx.integer) or b.dtype == mx.bool_
    return a.astype(_FLOAT64) if alone and (mx.issubdtype(a.dtype, mx.integer) or a.dtype == mx.bool_) else a


def _convolution(
    input: mx.array,
    weight: mx.array,
    /,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    **options: Any,
) -> mx.array:
    return conv_general(input, weight, stride, padding, dilation, groups=groups)


def _transposed(
    input: mx.array,
    weight: mx.array,
    /,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    output_padding: Any = 0,
    groups: int = 1,
    **options: Any,
) -> mx.array:
    axes = weight.ndim - 2
    sizes = zip(weight.shape[1:-1], _each(padding, axes), _each(dilation, axes), strict=True)
    before = [step * (size - 1) - pad for size, pad, step in sizes]
    after = [width + more for width, more in zip(before, _each(output_padding, axes), strict=True)]
    return conv_general(input, weight, 1, (before, after), dilation, stride, groups, flip=True)


def conv_general(
    input: mx.array,
    weight: mx.array,
    /,
    stride: Any = 1,
    padding: Any = 0,
    kernel_dilation: Any = 1,
    input_dilation: Any = 1,
    groups: int = 1,
    flip: bool = False,
    **options: Any,
) -> mx.array:
    """What `mx.conv_general` gives, (batch, *sizes, channels), as a sum of products over the places of the kernel.

    MLX convolves and differentiates in float64 for some strides and numbers of groups only.
    """
    axes = weight.ndim - 2
    both = padding if isinstance(padding, tuple | list) and isinstance(padding[0], tuple | list) else (padding, padding)
    for axis, (step, low, high) in enumerate(
        zip(_each(input_dilation, axes), _each(both[0], axes), _each(both[1], axes), strict=True), start=1
    ):
        input = _padded(_with_gaps(input, axis, step), axis, low, high)
    strides, dilations, kernel = _each(stride, axes), _each(kernel_dilation, axes), weight.shape[1:-1]
    spans = [step * (size - 1) + 1 for size, step in zip(kernel, dilations, strict=True)]
    counts = [(input.shape[axis + 1] - spans[axis]) // strides[axis] + 1 for axis in range(axes)]
    split = weight.reshape(groups, weight.shape[0] // groups, *weight.shape[1:])
    total: Any = 0
    for place in np.ndindex(*kernel):
        begins = [offset * step for offset, step in zip(place, dilations, strict=True)]
        windows = [
            slice(begin, begin + (count - 1) * step + 1, step)
            for begin, count, step in zip(begins, counts, strides, strict=True)
        ]
        seen = input[(slice(None), *windows)].reshape(input.shape[0], *counts, groups, -1)
        at = [size - 1 - offset if flip else offset for offset, size in zip(place, kernel, strict=True)]
        total = total + mx.einsum("...gi,goi->...go", seen, split[(slice(None), slice(None), *at)])
    return total.reshape(input.shape[0], *counts, weight.shape[0])


def _each(given: Any, axes: int) -> list[int]:
    """One number for each axis."""
    numbers = list(given) if isinstance(given, tuple | list) else [given]
    return numbers * axes if len(numbers) == 1 else numbers


def _with_gaps(x: mx.array, axis: int, step: int) -> mx.array:
    """The entries along the axis `step` apart, with zeros between them."""
    if step == 1:
        return x
    wide = mx.concatenate(
        [mx.expand_dims(x, axis + 1)] + [mx.zeros_like(mx.expand_dims(x, axis + 1))] * (step - 1), axis + 1
    )
    joined = wide.flatten(axis, axis + 1)
    return joined[(slice(None),) * axis + (slice(0, joined.shape[axis] - step + 1),)]


def _padded(x: mx.array, axis: int, low: int, high: int) -> mx.array:
    """Zeros before and after the entries along the axis; a negative number cuts."""
    cut = x[(slice(None),) * axis + (slice(max(-low, 0), x.shape[axis] - max(-high, 0)),)]
    widths = [(0, 0)] * x.ndim
    widths[axis] = (max(low, 0), max(high, 0))
    return mx.pad(cut, widths)


def _layer_norm(x: mx.array, weight: mx.array | None, bias: mx.array | None, eps: float, **options: Any) -> mx.array:
    result = (x - x.mean(axis=-1, keepdims=True)) / mx.sqrt(x.var(axis=-1, keepdims=True) + eps)
    result = result if weight is None else result * weight
    return result if bias is None else result + bias


def _rms_norm(x: mx.array, weight: mx.array | None, eps: float, **options: Any) -> mx.array:
    result = x / mx.sqrt((x * x).mean(axis=-1, keepdims=True) + eps)
    return result if weight is None else result * weight
