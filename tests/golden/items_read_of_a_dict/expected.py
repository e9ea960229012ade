import numpy as np
import mlx.core as mx
import mlx.nn as nn


def _cubic_weights(t):
    """Weights of the four neighbours of a point at distance t after the second (Keys' kernel, torch's coefficient)."""
    distances = np.stack([t + 1, t, 1 - t, 2 - t])
    near = 1.25 * distances ** 3 - 2.25 * distances ** 2 + 1
    far = -0.75 * distances ** 3 - -3.75 * distances ** 2 + -6.0 * distances - -3.0
    return np.where(distances <= 1, near, far)


def _taps(length, size, scale, mode, align_corners):
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


def _resize_axis(x, axis, size, scale, mode, align_corners):
    """Resizes one axis to `size` entries."""
    if mode == "area":
        n = x.shape[axis]
        pieces = [mx.arange(i * n // size, -(-(i + 1) * n // size)) for i in range(size)]
        return mx.stack([mx.take(x, piece, axis=axis).mean(axis=axis) for piece in pieces], axis=axis)
    index, weights = _taps(x.shape[axis], size, scale, mode, align_corners)
    if len(index) == 1:
        return mx.take(x, mx.array(index[0]), axis=axis)
    weights = mx.array(weights, dtype=x.dtype).reshape(len(index), -1, *[1] * (x.ndim - 1 - axis))
    return sum(mx.take(x, mx.array(row), axis=axis) * weights[tap] for tap, row in enumerate(index))


def _interpolate(x, size, mode, align_corners):
    """Resizes the axes after (batch, channels), one after another, to a size or by a factor (a number, or one per axis)."""
    targets = zip(size, [None] * (x.ndim - 2))
    for axis, (count, scale) in enumerate(targets):
        x = _resize_axis(x, axis + 2, count, scale, mode, align_corners)
    return x


class Up(nn.Module):
    def __init__(self, mode="bilinear"):
        super().__init__()
        self.mode = mode
        self.align_corners = True if mode == "bilinear" else None

    def __call__(self, x, other):
        h, w = x.shape[2], x.shape[3]
        options = dict(mode=self.mode, align_corners=self.align_corners)
        return _interpolate(other, (h, w), options["mode"], bool(options["align_corners"]))
