"""Reductions to one value or along axes. Whole-number sums are int32 in MLX (torch: int64).

Indices are int32 (MLX: uint32, which wraps), and stop gradients: MLX refuses to differentiate a gather whose indices
depend on what is differentiated.
"""

from catalogue.torch.scalars import _axis, _only, _scalar

from mlxify.catalogue import *


# An empty list of axes means all of them to torch, none to MLX.
def _axes(input, dim):
    if _scalar(input):
        return None
    if known(dim == ()) and isinstance(dim, (tuple, list)) and len(dim) == 0:
        return None
    if not known(input.ndim) and not known(dim):
        if input.ndim == 0 or dim in ((), []):
            return None
    return dim


@rule("torch.sum", "torch.Tensor.sum")
def sum_along(input, dim=None, keepdim=False, *, dtype=None):
    if dtype is not None:
        return input.astype(dtype).sum(axis=_axes(input, dim), keepdims=keepdim)
    return input.sum(axis=_axes(input, dim), keepdims=keepdim)


@rule("torch.mean", "torch.Tensor.mean", trap="sums in half precision")
def mean(input, dim=None, keepdim=False, *, dtype=None):
    if dtype is not None:
        return input.astype(dtype).mean(axis=_axes(input, dim), keepdims=keepdim)
    return input.mean(axis=_axes(input, dim), keepdims=keepdim)


@rule("torch.prod", "torch.Tensor.prod")
def prod(input, dim=None, keepdim=False, *, dtype=None):
    if dtype is not None:
        return input.astype(dtype).prod(axis=_axis(input, dim), keepdims=keepdim)
    return input.prod(axis=_axis(input, dim), keepdims=keepdim)


@rule("torch.nansum", "torch.Tensor.nansum")
def nansum(input, dim=None, keepdim=False, *, dtype=None):
    return sum_along(mx.where(mx.isnan(input), 0, input), _axes(input, dim), keepdim, dtype=dtype)


@rule("torch.nanmean", "torch.Tensor.nanmean")
def nanmean(input, dim=None, keepdim=False, *, dtype=None):
    count = mx.isnan(input).astype(mx.int32)
    axes = _axes(input, dim)
    total = sum_along(mx.where(mx.isnan(input), 0, input), axes, keepdim, dtype=dtype)
    return total / sum_along(1 - count, axes, keepdim)


# Of no values the variance is NaN, whatever is taken off their number; MLX may not come back from a `ddof` of such.
def _is_empty(input, dim):
    return (known(0 in input.shape) or not known(input.ndim) and not known(dim)) and 0 in input.shape


# torch divides by n - 1 unless told otherwise, MLX by n. `x.var(False)` is `x.var(unbiased=False)`.
@rule("torch.var", "torch.Tensor.var", trap="unbiased variance")
def var(input, dim=None, unbiased=True, keepdim=False, *, correction=None):
    if isinstance(dim, bool):
        return var(input, None, dim)
    if isinstance(correction, float):
        refuse("MLX takes whole corrections of the divisor only")
    if _is_empty(input, dim):
        return input.var(axis=_axes(input, dim), keepdims=keepdim)
    if correction is not None and correction != 0:
        return input.var(axis=_axes(input, dim), keepdims=keepdim, ddof=correction)
    if correction is None and unbiased:
        return input.var(axis=_axes(input, dim), keepdims=keepdim, ddof=1)
    return input.var(axis=_axes(input, dim), keepdims=keepdim)


def _deviation(variance):
    """Its root; where it is 0 so is its gradient, as in PyTorch, where that of MLX's `std` is NaN."""
    constant = variance == 0
    return mx.where(constant, 0, mx.sqrt(mx.where(constant, 1, variance)))


@rule("torch.std", "torch.Tensor.std", trap="unbiased variance")
def std(input, dim=None, unbiased=True, keepdim=False, *, correction=None):
    if isinstance(dim, bool):
        return std(input, None, dim)
    return _deviation(var(input, dim, unbiased, keepdim, correction=correction))


@rule("torch.var_mean", trap="unbiased variance")
def var_mean(input, dim=None, unbiased=True, keepdim=False, *, correction=None):
    if isinstance(dim, bool):
        return var(input, None, dim), mean(input)
    return var(input, dim, unbiased, keepdim, correction=correction), mean(input, dim, keepdim)


@rule("torch.std_mean", trap="unbiased variance")
def std_mean(input, dim=None, unbiased=True, keepdim=False, *, correction=None):
    if isinstance(dim, bool):
        return std(input, None, dim), mean(input)
    return std(input, dim, unbiased, keepdim, correction=correction), mean(input, dim, keepdim)


# max(x), max(x, dim) with its indices, max(x, other)
@rule("torch.max", "torch.Tensor.max", fields=("values", "indices"), trap="values without indices")
def max_along(input, dim=None, keepdim=False, *, other=None):
    if other is not None:
        return mx.maximum(input, other)
    if dim is None:
        return input.max()
    if is_tensor(dim):
        return mx.maximum(input, dim)
    if _scalar(input):
        return _only(input)
    values = input.max(axis=dim, keepdims=keepdim)
    return values, mx.stop_gradient(mx.argmax(input, axis=dim, keepdims=keepdim)).astype(mx.int32)


@rule("torch.min", "torch.Tensor.min", fields=("values", "indices"), trap="values without indices")
def min_along(input, dim=None, keepdim=False, *, other=None):
    if other is not None:
        return mx.minimum(input, other)
    if dim is None:
        return input.min()
    if is_tensor(dim):
        return mx.minimum(input, dim)
    if _scalar(input):
        return _only(input)
    values = input.min(axis=dim, keepdims=keepdim)
    return values, mx.stop_gradient(mx.argmin(input, axis=dim, keepdims=keepdim)).astype(mx.int32)


@rule("torch.amax", "torch.Tensor.amax")
def amax(input, dim=None, keepdim=False):
    return input.max(axis=_axes(input, dim), keepdims=keepdim)


@rule("torch.amin", "torch.Tensor.amin")
def amin(input, dim=None, keepdim=False):
    return input.min(axis=_axes(input, dim), keepdims=keepdim)


@rule("torch.aminmax", "torch.Tensor.aminmax", fields=("min", "max"))
def aminmax(input, *, dim=None, keepdim=False):
    axis = _axis(input, dim)
    return input.min(axis=axis, keepdims=keepdim), input.max(axis=axis, keepdims=keepdim)


@rule("torch.argmax", "torch.Tensor.argmax", trap="kinds of indices")
def argmax(input, dim=None, keepdim=False):
    if _scalar(input):
        return mx.zeros((), dtype=mx.int32)
    return mx.stop_gradient(mx.argmax(input, axis=dim, keepdims=keepdim)).astype(mx.int32)


@rule("torch.argmin", "torch.Tensor.argmin", trap="kinds of indices")
def argmin(input, dim=None, keepdim=False):
    if _scalar(input):
        return mx.zeros((), dtype=mx.int32)
    return mx.stop_gradient(mx.argmin(input, axis=dim, keepdims=keepdim)).astype(mx.int32)


@rule("torch.all", "torch.Tensor.all")
def all_along(input, dim=None, keepdim=False):
    return input.all(axis=_axes(input, dim), keepdims=keepdim)


@rule("torch.any", "torch.Tensor.any")
def any_along(input, dim=None, keepdim=False):
    return input.any(axis=_axes(input, dim), keepdims=keepdim)


@rule("torch.count_nonzero", "torch.Tensor.count_nonzero")
def count_nonzero(input, dim=None):
    return mx.count_nonzero(input, axis=_axis(input, dim))


@rule("torch.logsumexp", "torch.Tensor.logsumexp", "torch.special.logsumexp")
def logsumexp(input, dim, keepdim=False):
    return mx.logsumexp(input, axis=_axis(input, dim), keepdims=keepdim)


# Of an even number of values torch's median is the lower middle one; `mx.median` takes the mean of both.
@rule("torch.median", "torch.Tensor.median", fields=("values", "indices"), trap=("values without indices", "middle value"))
def median(input, dim=None, keepdim=False):
    """The lower of the middle values."""
    if dim is None:
        return mx.sort(input.reshape(-1))[(input.size - 1) // 2]
    if input.ndim == 0:
        return _only(input)
    order = mx.stop_gradient(mx.argsort(input, axis=dim)).astype(mx.int32)
    indices = mx.take(order, mx.array([(input.shape[dim] - 1) // 2]), axis=dim)
    values = mx.take_along_axis(input, indices, axis=dim)
    if keepdim:
        return values, indices
    return values.squeeze(dim), indices.squeeze(dim)


# Between the two nearest order statistics; several `q` stand first in the result.
@rule("torch.quantile", "torch.Tensor.quantile")
def quantile(input, q, dim=None, keepdim=False, *, interpolation="linear"):
    """Chooses or interpolates between the two nearest order statistics."""
    if input.ndim == 0:
        return mx.broadcast_to(input, q.shape if is_tensor(q) else ())
    axis = 0 if dim is None else dim
    ordered = mx.sort(input.reshape(-1) if dim is None else input, axis=axis)
    position = mx.array(q) * (ordered.shape[axis] - 1)
    lower = mx.stop_gradient(mx.floor(position)).astype(mx.int32)
    upper = mx.stop_gradient(mx.ceil(position)).astype(mx.int32)
    ordered = mx.moveaxis(ordered, axis, -1)
    below = mx.take(ordered, lower, axis=-1)
    above = mx.take(ordered, upper, axis=-1)
    if interpolation == "nearest":
        result = mx.take(ordered, mx.stop_gradient(mx.round(position)).astype(mx.int32), axis=-1)
    else:
        share = {"linear": position - lower, "lower": 0, "higher": 1, "midpoint": 0.5}[interpolation]
        result = below + share * (above - below)
    if position.ndim == 1:
        result = mx.moveaxis(result, -1, 0)
    if keepdim and dim is None:
        return result.reshape(*result.shape, *([1] * input.ndim))
    if keepdim:
        return mx.expand_dims(result, axis if axis < 0 else axis + position.ndim)
    return result


# The lower middle one of what is not NaN; NaN sorts last.
@rule("torch.nanmedian", "torch.Tensor.nanmedian", fields=("values", "indices"), trap="middle value")
def nanmedian(input, dim=None, keepdim=False):
    """The lower of the middle values that are not NaN."""
    if dim is None:
        return mx.sort(input.reshape(-1))[mx.stop_gradient(mx.maximum((~mx.isnan(input)).sum() - 1, 0) // 2)]
    if input.ndim == 0:
        return _only(input)
    order = mx.stop_gradient(mx.argsort(input, axis=dim)).astype(mx.int32)
    middle = mx.maximum((~mx.isnan(input)).astype(mx.int32).sum(axis=dim, keepdims=True) - 1, 0) // 2
    indices = mx.stop_gradient(mx.take_along_axis(order, middle, axis=dim))
    values = mx.take_along_axis(input, indices, axis=dim)
    if keepdim:
        return values, indices
    return values.squeeze(dim), indices.squeeze(dim)


never(
    "torch.nanquantile",
    "torch.mode",
    "torch.Tensor.mode",
    "MLX has no counterpart of this statistic",
)
