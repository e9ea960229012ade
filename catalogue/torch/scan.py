"""Cumulative operations, differences and integrals along an axis."""

from catalogue.torch.scalars import _only, _scalar

from mlxify.catalogue import *


# In 16 bits MLX also accumulates in 16 bits (1000 ones in bfloat16 give 256): such sums are taken in float32.
@rule("torch.cumsum", "torch.Tensor.cumsum", trap=("omitted axis", "sums in half precision"))
def cumsum(input, dim, *, dtype=None):
    if _scalar(input):
        return input if dtype is None else input.astype(dtype)
    if dtype is not None:
        return mx.cumsum(input.astype(dtype), axis=dim)
    if known(input.dtype in (mx.bfloat16, mx.float16)) and input.dtype in (mx.bfloat16, mx.float16):
        return mx.cumsum(input.astype(mx.float32), axis=dim).astype(input.dtype)
    return mx.cumsum(input, axis=dim)


@rule("torch.cumprod", "torch.Tensor.cumprod", trap=("omitted axis", "sums in half precision"))
def cumprod(input, dim, *, dtype=None):
    if _scalar(input):
        return input if dtype is None else input.astype(dtype)
    if dtype is not None:
        return mx.cumprod(input.astype(dtype), axis=dim)
    return mx.cumprod(input, axis=dim)


@rule("torch.logcumsumexp", "torch.Tensor.logcumsumexp")
def logcumsumexp(input, dim):
    if input.ndim == 0:
        return input
    return mx.logcumsumexp(input, axis=dim)


# The index is that of the last position so far that holds the extreme.
def _last_equal(input, extreme, dim):
    shape = [1] * input.ndim
    shape[dim] = input.shape[dim]
    positions = mx.arange(input.shape[dim]).reshape(shape)
    return mx.cummax(mx.where(input == extreme, positions, 0), axis=dim).astype(mx.int32)


@rule("torch.cummax", "torch.Tensor.cummax", fields=("values", "indices"), trap="values without indices")
def cummax(input, dim):
    if input.ndim == 0:
        return _only(input)
    values = mx.cummax(input, axis=dim)
    return values, _last_equal(input, values, dim)


@rule("torch.cummin", "torch.Tensor.cummin", fields=("values", "indices"), trap="values without indices")
def cummin(input, dim):
    if input.ndim == 0:
        return _only(input)
    values = mx.cummin(input, axis=dim)
    return values, _last_equal(input, values, dim)


@rule("torch.diff", "torch.Tensor.diff")
def diff(input, n=1, dim=-1, prepend=None, append=None):
    if n == 0:
        return input
    parts = [part for part in (prepend, input, append) if part is not None]
    if len(parts) > 1:
        return mx.diff(mx.concatenate(parts, axis=dim), n=n, axis=dim)
    return mx.diff(input, n=n, axis=dim)


def _part(input, begin, end, dim):
    if known(dim == -1) and dim == -1:
        return input[..., begin:end]
    return mx.take(input, mx.arange(begin, input.shape[dim] + end if end < 1 else end), axis=dim)


@rule("torch.cumulative_trapezoid")
def cumulative_trapezoid(y, x=None, *, dx=None, dim=-1):
    pairs = _part(y, 1, y.shape[dim], dim) + _part(y, 0, -1, dim)
    if x is None:
        return mx.cumsum(pairs, axis=dim) * (0.5 if dx is None else 0.5 * dx)
    if x.ndim != y.ndim:
        refuse("spacings of another rank than the values", suggest="reshape `x` to broadcast with `y`")
    return 0.5 * mx.cumsum(pairs * mx.diff(x, axis=dim), axis=dim)


@rule("torch.trapezoid", "torch.trapz")
def trapezoid(y, x=None, *, dx=None, dim=-1):
    pairs = _part(y, 1, y.shape[dim], dim) + _part(y, 0, -1, dim)
    if x is None:
        return pairs.sum(axis=dim) * (0.5 if dx is None else 0.5 * dx)
    steps = mx.diff(x, axis=-1 if x.ndim == 1 else dim)
    if x.ndim == 1 and y.ndim > 1:
        steps = steps.reshape([-1 if axis == dim % y.ndim else 1 for axis in range(y.ndim)])
    return 0.5 * (pairs * steps).sum(axis=dim)


# Central differences, one-sided at both ends.
def _slope(input, axis, spacing):
    """The derivative along an axis, by differences of neighbours."""
    line = input.swapaxes(axis, -1)
    first = line[..., 1:2] - line[..., :1]
    last = line[..., -1:] - line[..., -2:-1]
    slopes = mx.concatenate([first, (line[..., 2:] - line[..., :-2]) / 2, last], axis=-1)
    return slopes.swapaxes(axis, -1) / spacing


@rule("torch.gradient")
def gradient(input, *, spacing=1, dim=None, edge_order=1):
    """Derivatives along axes, by differences of neighbours."""
    if edge_order != 1 or not known(isinstance(spacing, (int, float))) or not isinstance(spacing, (int, float)):
        refuse("only one spacing for all axes and one-sided differences at the ends are written here",
               suggest="divide the differences by the spacings")
    axes = range(input.ndim) if dim is None else [dim] if isinstance(dim, int) else dim
    return tuple([_slope(input, axis, spacing) for axis in axes])
