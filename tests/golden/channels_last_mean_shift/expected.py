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


def _sanitize(model, weights):
    """PyTorch's weights (a dict by dotted name) under the names and in the layouts of this MLX model."""
    layouts = {
        nn.Conv1d: (0, 2, 1), nn.Conv2d: (0, 2, 3, 1), nn.Conv3d: (0, 2, 3, 4, 1),
        nn.ConvTranspose1d: (1, 2, 0), nn.ConvTranspose2d: (1, 2, 3, 0), nn.ConvTranspose3d: (1, 2, 3, 4, 0),
    }  # fmt: skip
    owners, result = {}, {}
    for name, value in weights.items():
        owner, path, parts = model, [], name.split(".")
        while parts:
            if isinstance(owner, nn.Sequential) and parts[0].isdigit():
                owner = owner.layers
                path.append("layers")
            part = getattr(type(owner), "_renamed", {}).get(parts[0], parts[0])
            child = owner[int(part)] if isinstance(owner, (list, tuple)) else owner.get(part)
            if not isinstance(child, (nn.Module, dict, list, tuple)):
                break
            owner = child
            path.append(part)
            parts.pop(0)
        owners.setdefault(tuple(path), (owner, {}))[1][".".join([part, *parts[1:]])] = value
    for path, (owner, own) in owners.items():
        if hasattr(owner, "sanitize_own"):  # packed or computed weights
            own = owner.sanitize_own(own)
        elif own.get("weight") is not None:
            for kind, order in layouts.items():
                if isinstance(owner, kind):  # in order: a view would be copied by every call
                    own["weight"] = mx.contiguous(own["weight"].transpose(order))
        for name, value in own.items():
            if name != "num_batches_tracked" or name in owner:
                result[".".join([*path, name])] = value
    return result


class _MeanShift(nn.Conv2d):
    def __init__(self, std: float):
        super().__init__(3, 3, 1)
        self.weight = mx.moveaxis(mx.eye(3).reshape(3, 3, 1, 1) / std, 1, -1)
        self.bias = mx.zeros(3)

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)


class _SamePool(MaxPool2d):  # for its options alone
    def __call__(self, x: mx.array) -> mx.array:
        return nn.MaxPool2d(self.kernel_size, stride=self.stride)(mx.pad(x, [(0, 0), (0, 1), (0, 1), (0, 0)]))


class Net(nn.Module):
    def __init__(self, n: int = 8):
        super().__init__()
        self.shift = _MeanShift(2.0)
        self.first = nn.Conv2d(3, n, 3, padding=1)
        self.pool = _SamePool(2, 2)
        self.second = nn.Conv2d(2 * n, n, 3, padding=1)

    def __call__(self, x: mx.array) -> mx.array:
        b, c, h, w = x.shape
        x = self.first(self.shift(x.transpose(0, 2, 3, 1)))
        a = kept = x  # two names of one image
        x = mx.concatenate([self.pool(a), self.pool(kept)], axis=-1)
        return self.second(x).transpose(0, 3, 1, 2)

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)
