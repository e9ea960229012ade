import mlx.core as mx
import mlx.nn as nn


def _pad_sides(padding, axes):
    """torch's padding of that many trailing axes: two numbers per axis, or one for all sides."""
    return (padding,) * (2 * axes) if isinstance(padding, int) else tuple(padding)


def _crop_and_pad(x, pad, mode="constant", value=0):
    """Pads where a width is positive and crops where it is negative (MLX raises for negative widths)."""
    pairs = [(pad[i], pad[i + 1]) for i in reversed(range(0, len(pad), 2))]
    pairs = [(0, 0)] * (x.ndim - len(pairs)) + pairs
    widths = [(max(low, 0), max(high, 0)) for low, high in pairs]
    if mode == "circular":  # what is cropped does not come round again
        x = x[tuple(slice(max(0, -low), n + min(0, high)) for (low, high), n in zip(pairs, x.shape))]
        for axis, (low, high) in enumerate(widths):
            line = x.swapaxes(axis, -1)
            line = mx.concatenate([line[..., line.shape[-1] - low :], line, line[..., :high]], axis=-1)
            x = line.swapaxes(axis, -1)
        return x
    if mode == "constant":
        x = mx.pad(x, widths, constant_values=value)
    else:
        x = mx.pad(x, widths, mode="edge" if mode == "replicate" else "reflect")
    return x[tuple(slice(max(0, -low), n + min(0, high)) for (low, high), n in zip(pairs, x.shape))]


class Pad(nn.Module):
    """Pads trailing axes: (left, right, top, bottom, ...) from the last axis backwards; negative widths crop."""

    def __init__(self, padding, axes: int, mode: str = "constant", value: float = 0):
        super().__init__()
        self.padding = _pad_sides(padding, axes)
        self.mode = mode
        self.value = value

    def __call__(self, x):
        return _crop_and_pad(x, self.padding, self.mode, self.value)


def _ReflectionPad2d(padding):
    return Pad(padding, 2, mode="reflect")


def _ZeroPad2d(padding):
    return Pad(padding, 2)


class MaxPool2d(nn.MaxPool2d):
    """Max pooling with channels first, over (batch, channels, height, width)."""

    def __call__(self, x):
        return super().__call__(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


def pad_layer(kind):
    if kind == "reflect":
        layer = _ReflectionPad2d
    else:
        layer = _ZeroPad2d
    return layer


class Blur(nn.Module):
    def __init__(self, kind="reflect", pad=1, pool=MaxPool2d):
        super().__init__()
        self.pad = pad_layer(kind)([pad, pad, pad, pad])
        self.pool = pool(2)

    def __call__(self, x):
        return self.pool(self.pad(x))
