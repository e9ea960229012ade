# mlxify: MaskedMean()(f32[2, 4], torch.tensor([[1, 1, 0, 1], [0, 0, 0, 0]]))
# mlxify: masked_median(f32[2, 4], torch.tensor([[1, 1, 0, 1], [0, 0, 0, 0]]))
import numpy as np
import mlx.core as mx
import mlx.nn as nn


def _filled_apart(input, mask, value):
    """`input` with `value` where the mask holds; the gradient there is 0. MLX's `where` multiplies what comes back by 0, a NaN too."""
    input = mx.broadcast_to(input, mx.broadcast_shapes(input.shape, mask.shape))

    @mx.custom_function
    def selected(input):
        return mx.where(mask, value, input)

    @selected.vjp
    def selected_vjp(input, cotangent, output):
        return mx.where(mask, 0, cotangent)

    return selected(input)


def _axes(input, dim):
    if input.ndim == 0 or dim in ((), []):
        return None
    return dim


def _sum_along(input, dim):
    return input.sum(axis=_axes(input, dim), keepdims=True)


def _nanmean(input, dim):
    count = mx.isnan(input).astype(mx.int32)
    axes = _axes(input, dim)
    total = _sum_along(mx.where(mx.isnan(input), 0, input), axes)
    return total / _sum_along(1 - count, axes)


def _where(condition, input, other):
    if input is None:
        return tuple(mx.array(axis.astype(np.int32)) for axis in np.nonzero(np.array(condition)))
    return mx.where(condition, input, other)


def _nanmedian(input, dim):
    """The lower of the middle values that are not NaN."""
    if input.ndim == 0:
        return input, mx.zeros((), dtype=mx.int32)
    order = mx.stop_gradient(mx.argsort(input, axis=dim)).astype(mx.int32)
    middle = mx.maximum((~mx.isnan(input)).astype(mx.int32).sum(axis=dim, keepdims=True) - 1, 0) // 2
    indices = mx.stop_gradient(mx.take_along_axis(order, middle, axis=dim))
    values = mx.take_along_axis(input, indices, axis=dim)
    return values, indices


class MaskedMean(nn.Module):
    def __call__(self, x, mask):
        mean = _nanmean(_filled_apart(x, mask < 1, float("nan")), -1)
        return mx.nan_to_num(mean, nan=0.0)


def masked_median(x, mask):
    median, _ = _nanmedian(_where(mask > 0, x, mx.nan), -1)
    return x - mx.nan_to_num(median, nan=0.0)
