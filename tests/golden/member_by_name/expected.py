import mlx.core as mx
import mlx.nn as nn


class Dropout1d(nn.Module):
    """Zeroes whole channels of (batch, channels, length) with probability p, in training."""

    def __init__(self, p: float = 0.5):
        super().__init__()
        self.p = p

    def __call__(self, x):
        if not self.training or self.p == 0:
            return x
        return x * mx.random.bernoulli(1 - self.p, (*x.shape[:-1], 1)) / (1 - self.p)


class Dropout2d(nn.Module):
    """Zeroes whole channels of (batch, channels, height, width) with probability p, in training."""

    def __init__(self, p: float = 0.5):
        super().__init__()
        self.p = p

    def __call__(self, x):
        if not self.training or self.p == 0:
            return x
        return x * mx.random.bernoulli(1 - self.p, (*x.shape[:2], *[1] * (x.ndim - 2))) / (1 - self.p)


class Dropout3d(nn.Module):
    """Zeroes whole channels of (batch, channels, depth, height, width) with probability p, in training."""

    def __init__(self, p: float = 0.5):
        super().__init__()
        self.p = p

    def __call__(self, x):
        if not self.training or self.p == 0:
            return x
        return x * mx.random.bernoulli(1 - self.p, (*x.shape[:-3], 1, 1, 1)) / (1 - self.p)


class BatchNorm(nn.BatchNorm):
    """PyTorch's batch norm: the channels are axis 1 of an array of any rank."""

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True):
        if momentum is None:
            raise NotImplementedError("running statistics as a cumulative average")
        super().__init__(num_features, eps, momentum, affine, track_running_stats)
        if track_running_stats:
            self.num_batches_tracked = mx.array(0)
            self.freeze(keys=["num_batches_tracked"], recurse=False)

    def unfreeze(self, *args, **kwargs):
        super().unfreeze(*args, **kwargs)
        self.freeze(keys=["num_batches_tracked"], recurse=False)

    def __call__(self, x):
        if self.training and self.track_running_stats:
            self.num_batches_tracked = self.num_batches_tracked + 1
        x = mx.moveaxis(x, 1, -1)
        return mx.moveaxis(super().__call__(x.reshape(-1, x.shape[-1])).reshape(x.shape), -1, 1)


class _InstanceNorm(nn.InstanceNorm):
    """Normalises each channel (axis 1) of each sample over its `axes` trailing axes, as in PyTorch."""

    axes = 1

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=False, track_running_stats=False, bias=True):
        if track_running_stats or (affine and not bias):
            raise NotImplementedError("instance norm with running statistics, or with a weight alone")
        super().__init__(num_features, eps, affine)

    def __call__(self, x):
        shape = (-1, *[1] * self.axes)
        pixels = x.flatten(-self.axes)
        x = mx.fast.layer_norm(pixels, None, None, self.eps).reshape(x.shape)
        return x * self.weight.reshape(shape) + self.bias.reshape(shape) if "weight" in self else x


class InstanceNorm1d(_InstanceNorm):
    """Instance norm of (batch, channels, length)."""


class InstanceNorm2d(_InstanceNorm):
    """Instance norm of (batch, channels, height, width)."""

    axes = 2


class InstanceNorm3d(_InstanceNorm):
    """Instance norm of (batch, channels, depth, height, width)."""

    axes = 3


_layers = {
    "BatchNorm1d": BatchNorm,
    "BatchNorm2d": BatchNorm,
    "BatchNorm3d": BatchNorm,
    "InstanceNorm1d": InstanceNorm1d,
    "InstanceNorm2d": InstanceNorm2d,
    "InstanceNorm3d": InstanceNorm3d,
}


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


def _CircularPad1d(padding):
    return Pad(padding, 1, mode="circular")


def _ConstantPad1d(padding, value):
    return Pad(padding, 1, value=value)


def _ReflectionPad1d(padding):
    return Pad(padding, 1, mode="reflect")


def _ReplicationPad1d(padding):
    return Pad(padding, 1, mode="replicate")


def _ZeroPad1d(padding):
    return Pad(padding, 1)


_layers_2 = {
    "CircularPad1d": _CircularPad1d,
    "ConstantPad1d": _ConstantPad1d,
    "ReflectionPad1d": _ReflectionPad1d,
    "ReplicationPad1d": _ReplicationPad1d,
    "ZeroPad1d": _ZeroPad1d,
}

NAMES = ["ReLU", "Tanh"]


class Layer(nn.Module):
    def __init__(self, dim: int, n_dim: int = 1, activation: str = "ReLU"):
        super().__init__()
        assert activation in NAMES
        self.drop = {"Dropout1d": Dropout1d, "Dropout2d": Dropout2d, "Dropout3d": Dropout3d}[f"Dropout{n_dim}d"](0.0)
        self.norm = nn.LayerNorm(dim)
        self.act = {"LayerNorm": nn.LayerNorm, "ReLU": nn.ReLU, "Tanh": nn.Tanh}[activation]()
        self.squash = nn.softplus

    def __call__(self, x: mx.array) -> mx.array:
        return self.squash(self.act(self.norm(self.drop(x))))


def norm_of(kind: str, axes: int, dim: int) -> nn.Module:
    class_name = "{}Norm{}d".format(kind, axes)
    return _layers[class_name](dim)


def pad_of(kind: str, width: int) -> nn.Module:
    return _layers_2[f"{kind}Pad1d"](width)
