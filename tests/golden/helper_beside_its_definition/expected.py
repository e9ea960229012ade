import math
import numpy as np
import mlx.core as mx
import mlx.nn as nn


def _taps(length, size, scale):
    """Where each of `size` output positions reads along an axis: indices and weights, both (taps, size).

    `scale` is the factor that the caller gave, or None; torch then takes the ratio of the sizes.
    """
    step = np.float32(1 / scale if scale else length / size)
    place = np.arange(size, dtype=np.float32)
    place = (place + np.float32(0.5)) * step - np.float32(0.5)
    place = np.maximum(place, 0)
    index = np.floor(place)
    weights = np.stack([1 - (place - index), place - index])
    index = index + np.arange(2)[:, None]
    return np.clip(index, 0, length - 1).astype(np.int32), weights.astype(np.float32)


def _resize_axis(x, axis, size, scale):
    """Resizes one axis to `size` entries."""
    index, weights = _taps(x.shape[axis], size, scale)
    if len(index) == 1:
        return mx.take(x, mx.array(index[0]), axis=axis)
    weights = mx.array(weights, dtype=x.dtype).reshape(len(index), -1, *[1] * (x.ndim - 1 - axis))
    return sum(mx.take(x, mx.array(row), axis=axis) * weights[tap] for tap, row in enumerate(index))


def _resize(x, size):
    """Resizes the axes between batch and channels, one after another, to a size or by a factor (or one per axis)."""
    lengths = x.shape[1:-1]
    for axis, (count, factor) in enumerate([(size[0], None), (size[1], None)], start=1):
        x = _resize_axis(x, axis, count, factor)
    return x


def _cubic_weights(t, a=-0.75):
    """Weights of the four neighbours of a point at distance t after the second (Keys' kernel, torch's coefficient)."""
    distances = np.stack([t + 1, t, 1 - t, 2 - t])
    near = (a + 2) * distances**3 - (a + 3) * distances**2 + 1
    far = a * distances**3 - 5 * a * distances**2 + 8 * a * distances - 4 * a
    return np.where(distances <= 1, near, far)


def _taps_2(length, size, scale, mode, align_corners):
    """Where each of `size` output positions reads along an axis: indices and weights, both (taps, size).

    `scale` is the factor that the caller gave, or None; torch then takes the ratio of the sizes.
    """
    step = np.float32(1 / scale if scale else length / size)
    place = np.arange(size, dtype=np.float32)
    if mode in ("nearest", "nearest-exact"):
        place = np.floor((place + 0.5) * step if mode == "nearest-exact" else place * step)
        return np.minimum(place, length - 1).astype(np.int32)[None], np.ones((1, size), np.float32)
    if align_corners:
        place = place * np.float32((length - 1) / max(size - 1, 1))
    else:
        place = (place + np.float32(0.5)) * step - np.float32(0.5)
    if mode == "bicubic":
        index = np.floor(place)
        weights = _cubic_weights(place - index)
        index = index + np.arange(-1, 3)[:, None]
    else:
        place = np.maximum(place, 0)
        index = np.floor(place)
        weights = np.stack([1 - (place - index), place - index])
        index = index + np.arange(2)[:, None]
    return np.clip(index, 0, length - 1).astype(np.int32), weights.astype(np.float32)


def _resize_axis_2(x, axis, size, scale, mode, align_corners):
    """Resizes one axis to `size` entries."""
    if mode == "area":
        n = x.shape[axis]
        pieces = [mx.arange(i * n // size, -(-(i + 1) * n // size)) for i in range(size)]
        return mx.stack([mx.take(x, piece, axis=axis).mean(axis=axis) for piece in pieces], axis=axis)
    index, weights = _taps_2(x.shape[axis], size, scale, mode, align_corners)
    if len(index) == 1:
        return mx.take(x, mx.array(index[0]), axis=axis)
    weights = mx.array(weights, dtype=x.dtype).reshape(len(index), -1, *[1] * (x.ndim - 1 - axis))
    return sum(mx.take(x, mx.array(row), axis=axis) * weights[tap] for tap, row in enumerate(index))


def _resize_2(x, size=None, scale_factor=None, mode="nearest", align_corners=False, recompute_scale_factor=False):
    """Resizes the axes between batch and channels, one after another, to a size or by a factor (or one per axis)."""
    lengths = x.shape[1:-1]
    factors = scale_factor if isinstance(scale_factor, (tuple, list)) else [scale_factor] * len(lengths)
    if size is None:
        size = [math.floor(n * factor) for n, factor in zip(lengths, factors)]
    elif isinstance(size, int):
        size = [size] * len(lengths)
    for axis, (count, factor) in enumerate(zip(size, factors), start=1):
        x = _resize_axis_2(x, axis, count, None if recompute_scale_factor else factor, mode, align_corners)
    return x


class Upsample(nn.Module):
    """Resizes the axes between batch and channels to a size or by a factor."""

    def __init__(self, size=None, scale_factor=None, mode="nearest", align_corners=None, recompute_scale_factor=None):
        super().__init__()
        self.options = (size, scale_factor, mode, bool(align_corners), bool(recompute_scale_factor))

    def __call__(self, x):
        return _resize_2(x, *self.options)


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


class Down(nn.Module):
    """Resizes by a helper that is specialised for this call."""

    def __init__(self, channels):
        super().__init__()
        self.smooth = nn.Conv2d(channels, channels, 3, padding=1)

    def __call__(self, x):
        x = self.smooth(x.transpose(0, 2, 3, 1))
        return _resize(x, (x.shape[1] // 2, x.shape[2] // 2)).transpose(0, 3, 1, 2)

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)


class Pyramid(nn.Module):
    """The layer takes the same helper along whole, under another name."""

    def __init__(self, channels):
        super().__init__()
        self.down = Down(channels)
        self.up = Upsample(scale_factor=2, mode="bilinear", align_corners=False)

    def __call__(self, x):
        return self.up(self.down(x).transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)
