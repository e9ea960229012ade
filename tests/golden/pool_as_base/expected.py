import math
import numpy as np
import mlx.core as mx
import mlx.nn as nn


def _per_axis(size, axes):
    """One number per axis."""
    return (size,) * axes if isinstance(size, int) else tuple(size) * (axes // len(size))


def _window_count(length, kernel, stride, padding, dilation, ceil_mode):
    """How many windows an axis has; with `ceil_mode` they may end beyond the right padding, but not start in it."""
    room = length + 2 * padding - dilation * (kernel - 1) - 1
    if ceil_mode and (-(-room // stride)) * stride < length + padding:
        return -(-room // stride) + 1
    return room // stride + 1


def _windows(x, axes, kernel, stride, padding, dilation, ceil_mode, fill, after=0):
    """That many axes of `x`, with `after` more behind them, padded and strided: one array per offset in the kernel, row by row."""
    kernel, padding, dilation = _per_axis(kernel, axes), _per_axis(padding, axes), _per_axis(dilation, axes)
    stride = kernel if stride in (None, (), []) else _per_axis(stride, axes)
    before = x.ndim - axes - after
    sizes = list(zip(x.shape[before : before + axes], kernel, stride, padding, dilation))
    counts = [_window_count(n, k, s, p, d, ceil_mode) for n, k, s, p, d in sizes]
    ends = [(c - 1) * s + d * (k - 1) + 1 - n - p for (n, k, s, p, d), c in zip(sizes, counts)]
    widths = [(p, max(p, end)) for p, end in zip(padding, ends)]
    x = mx.pad(x, [(0, 0)] * before + widths + [(0, 0)] * after, constant_values=fill)
    offsets = [[o * d for o, d in zip(offset, dilation)] for offset in np.ndindex(*kernel)]
    whole = [slice(None)] * before
    return [x[(*whole, *[slice(o, o + (c - 1) * s + 1, s) for o, c, s in zip(offset, counts, stride)])] for offset in offsets]


def _max_pool_with_indices(x, axes, kernel, stride, padding, dilation=1, ceil_mode=False):
    """The largest value in each window, and where it stands in the flattened trailing axes."""
    shape = x.shape[-axes:]
    place = mx.arange(math.prod(shape)).reshape(shape)
    values = mx.stack(_windows(x, axes, kernel, stride, padding, dilation, ceil_mode, -mx.inf))
    places = mx.stack(_windows(place, axes, kernel, stride, padding, dilation, ceil_mode, 0))
    best = mx.stop_gradient(mx.argmax(values, axis=0, keepdims=True))
    places = mx.broadcast_to(places.reshape(-1, *[1] * (x.ndim - axes), *places.shape[1:]), values.shape)
    return mx.take_along_axis(values, best, axis=0)[0], mx.take_along_axis(places, best, axis=0)[0]


def _max_pool(x, axes, kernel, stride, padding, dilation=1, ceil_mode=False, after=0):
    """The largest value in each window of that many axes, behind which `after` more stand."""
    return mx.stack(_windows(x, axes, kernel, stride, padding, dilation, ceil_mode, -mx.inf, after)).max(axis=0)


class MaxPoolBase(nn.Module):
    """Max pooling over the trailing axes, with the attributes of PyTorch's."""

    axes = 2

    def __init__(self, kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False):
        super().__init__()
        self.kernel_size, self.padding, self.dilation = kernel_size, padding, dilation
        self.stride = kernel_size if stride is None else stride
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def __call__(self, x):
        window = (self.axes, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)
        return _max_pool_with_indices(x, *window) if self.return_indices else _max_pool(x, *window)


class MaxPool2d(MaxPoolBase):
    """PyTorch's MaxPool2d, as a base."""


def _window_count_2(length, kernel, stride, padding, dilation, ceil_mode):
    """How many windows an axis has; with `ceil_mode` they may end beyond the right padding, but not start in it."""
    room = length + 2 * padding - dilation * (kernel - 1) - 1
    if ceil_mode and -(-room // stride) * stride < length + padding:
        return -(-room // stride) + 1
    return room // stride + 1


def _windows_2(x, axes, kernel, stride, padding, dilation, ceil_mode, fill):
    """That many axes of `x`, with `after` more behind them, padded and strided: one array per offset in the kernel, row by row."""
    kernel = (kernel,) * axes if isinstance(kernel, int) else tuple(kernel) * (axes // len(kernel))
    padding = (padding,) * axes if isinstance(padding, int) else tuple(padding) * (axes // len(padding))
    dilation = (dilation,) * axes if isinstance(dilation, int) else tuple(dilation) * (axes // len(dilation))
    stride = kernel if stride in (None, (), []) else (stride,) * axes if isinstance(stride, int) else tuple(stride) * (axes // len(stride))
    before = x.ndim - axes
    sizes = list(zip(x.shape[before:before + axes], kernel, stride, padding, dilation))
    counts = [_window_count_2(n, k, s, p, d, ceil_mode) for n, k, s, p, d in sizes]
    ends = [(c - 1) * s + d * (k - 1) + 1 - n - p for (n, k, s, p, d), c in zip(sizes, counts)]
    widths = [(p, max(p, end)) for p, end in zip(padding, ends)]
    x = mx.pad(x, [(0, 0)] * before + widths + [], constant_values=fill)
    offsets = [[o * d for o, d in zip(offset, dilation)] for offset in np.ndindex(*kernel)]
    whole = [slice(None)] * before
    return [x[(*whole, *[slice(o, o + (c - 1) * s + 1, s) for o, c, s in zip(offset, counts, stride)])] for offset in offsets]


def _avg_pool(x, axes, kernel, stride, padding, ceil_mode=False, count_include_pad=True, divisor=None, after=0):
    """The mean of each window of that many axes, behind which `after` more stand; torch's options say what counts as a member of the window."""
    total = sum(_windows(x, axes, kernel, stride, padding, 1, ceil_mode, 0, after))
    if divisor is not None:
        return total / divisor
    before = x.ndim - axes - after
    members = mx.ones(x.shape[before : before + axes], dtype=x.dtype)
    if count_include_pad:  # padding counts, what `ceil_mode` adds beyond it does not
        members = mx.pad(members, [(p, p) for p in _per_axis(padding, axes)], constant_values=1)
        padding = 0
    counts = sum(_windows(members, axes, kernel, stride, padding, 1, ceil_mode, 0))
    counts = counts[tuple(slice(n) for n in total.shape[before : before + axes])]
    return total / counts.reshape(*counts.shape, *[1] * after)


class AvgPoolBase(nn.Module):
    """Average pooling over the trailing axes, with the attributes of PyTorch's."""

    axes = 2

    def __init__(self, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
        super().__init__()
        self.kernel_size, self.padding = kernel_size, padding
        self.stride = kernel_size if stride is None else stride
        self.ceil_mode, self.count_include_pad, self.divisor_override = ceil_mode, count_include_pad, divisor_override

    def __call__(self, x):
        sizes = (self.axes, self.kernel_size, self.stride, self.padding)
        return _avg_pool(x, *sizes, self.ceil_mode, self.count_include_pad, self.divisor_override)


class AvgPool1d(AvgPoolBase):
    """PyTorch's AvgPool1d, as a base."""

    axes = 1


class SamePool(MaxPool2d):
    def __init__(self, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
        super().__init__(kernel_size, stride, padding, dilation, ceil_mode)
        self.stride = [self.stride] * 2 if isinstance(self.stride, int) else self.stride

    def __call__(self, x):
        x = mx.pad(x, [(0, 0)] * (x.ndim - 2) + [(0, 1), (0, 1)], constant_values=-float("inf"))
        return mx.stack(_windows_2(x, 2, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, -mx.inf)).max(axis=0)


class Half(AvgPool1d):
    def __call__(self, x):
        return super().__call__(x) * 2
