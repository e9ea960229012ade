import numpy as np
import mlx.core as mx
import mlx.nn as nn


class PReLU(nn.Module):
    """Leaky ReLU with a learned slope, one for all or one per channel (the last axis)."""

    def __init__(self, num_parameters: int = 1, init: float = 0.25):
        super().__init__()
        self.weight = mx.full((num_parameters,), init)

    def __call__(self, x):
        return mx.where(x > 0, x, self.weight * x)


class Dropout2d(nn.Module):
    """Zeroes whole channels of (batch, height, width, channels) with probability p, in training."""

    def __init__(self, p: float = 0.5):
        super().__init__()
        self.p = p

    def __call__(self, x):
        if not self.training or self.p == 0:
            return x
        return x * mx.random.bernoulli(1 - self.p, (x.shape[0], 1, 1, x.shape[-1])) / (1 - self.p)


def _pixels_from_channels(x, factor):
    """Moves (batch, height, width, channels * factor**2) into (batch, height * factor, width * factor, channels)."""
    batch, height, width, channels = x.shape
    x = x.reshape(batch, height, width, channels // factor**2, factor, factor).transpose(0, 1, 4, 2, 5, 3)
    return x.reshape(batch, height * factor, width * factor, channels // factor**2)


class PixelShuffle(nn.Module):
    """Turns channels into pixels: (batch, height, width, channels * r**2) -> (batch, height * r, width * r, channels)."""

    def __init__(self, upscale_factor: int):
        super().__init__()
        self.upscale_factor = upscale_factor

    def __call__(self, x):
        return _pixels_from_channels(x, self.upscale_factor)


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


class ChannelGate(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(channels, 4), nn.ReLU(), nn.Linear(4, channels))

    def __call__(self, x):
        pooled = x.mean(axis=(1, 2), keepdims=True).flatten(1)
        scale = mx.broadcast_to(mx.expand_dims(mx.expand_dims(mx.sigmoid(self.mlp(pooled)), 2), 3).transpose(0, 2, 3, 1), x.shape)
        return x * scale

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)


class SpatialGate(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 1, 7, padding=3)

    def __call__(self, x):
        mean = x.mean(axis=-1, keepdims=True)
        largest, _ = x.max(axis=-1, keepdims=True), mx.stop_gradient(mx.argmax(x, axis=-1, keepdims=True)).astype(mx.int32)
        return x * mx.sigmoid(self.conv(mx.concatenate([mean, largest], axis=-1)))

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)


class NextBlock(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dwconv = nn.Conv2d(dim, dim, 7, padding=3, groups=dim)
        self.norm = nn.LayerNorm(dim)
        self.pw = nn.Linear(dim, dim)
        self.gamma = mx.ones(dim)

    def __call__(self, x):
        shortcut = x
        x = self.dwconv(x)
        # (b, h, w, c)
        x = self.gamma * self.pw(self.norm(x))
        return shortcut + x

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)


class Dense(nn.Module):
    def __init__(self, channels, growth=4, layers=3):
        super().__init__()
        self.convs = [nn.Conv2d(channels + i * growth, growth, 3, padding=1) for i in range(layers)]
        self.act = PReLU(growth)

    def __call__(self, x):
        features = [x]
        for conv in self.convs:
            y = self.act(conv(mx.concatenate(features, axis=-1)))
            features.append(y)
        return mx.concatenate(features, axis=-1)

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)


class Attention(nn.Module):
    """Attention over pixels."""

    def __init__(self, dim, heads=2):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Conv2d(dim, dim * 3, 1)
        self.out = nn.Conv2d(dim, dim, 1)

    def __call__(self, x):
        b, h, w, c = x.shape
        q, k, v = mx.split(self.qkv(x).transpose(0, 3, 1, 2), 3, axis=1)
        q, k, v = (t.reshape(b, self.heads, c // self.heads, h * w) for t in (q, k, v))
        weights = mx.softmax(mx.einsum("bhcn,bhcm->bhnm", q, k), axis=-1)
        y = mx.einsum("bhnm,bhcm->bhcn", weights, v).reshape(b, c, h, w)
        return self.out(y.transpose(0, 2, 3, 1)) + x

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)


class Down(nn.Module):
    def __init__(self, inp, out):
        super().__init__()
        self.conv = nn.Conv2d(inp, out, 3, padding=1)
        self.norm = nn.GroupNorm(2, out, pytorch_compatible=True)
        self.pool = nn.MaxPool2d(2)

    def __call__(self, x):
        skip = nn.silu(self.norm(self.conv(x)))
        return self.pool(skip), skip

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)


class Net(nn.Module):
    def __init__(self, classes=5):
        super().__init__()
        self.downs = [Down(3, 8), Down(8, 8)]
        self.middle = nn.Sequential(NextBlock(8), Attention(8), Dropout2d(0.1))
        self.channel = ChannelGate(8)
        self.spatial = SpatialGate()
        self.dense = Dense(8)
        self.reduce = nn.Conv2d(20, 8, 1)
        self.ups = [nn.Conv2d(16, 8, 3, padding=1) for _ in range(2)]
        self.shuffle = PixelShuffle(2)
        self.head = nn.Linear(2 * 8, classes)

    def __call__(self, x):
        x = x.transpose(0, 2, 3, 1)
        skips = []
        for down in self.downs:
            x, skip = down(x)
            skips.append(skip)
        x = self.middle(x)
        x = self.spatial(self.channel(x))
        x = self.reduce(self.dense(x))
        for up in self.ups:
            skip = skips.pop()
            x = _resize(x, skip.shape[1:-1])
            x = mx.concatenate((x, skip), axis=-1)
            x = nn.relu(up(x))
        x = x + x.mean(axis=(1, 2), keepdims=True)
        x = x * mx.softmax(x, axis=-1)
        y = self.shuffle(x)
        x = nn.MaxPool2d(2, stride=1)(y)
        z = mx.concatenate([x.flatten(1, 2).mean(axis=1), x.max(axis=(1, 2))], axis=1)
        z = mx.tile(z, (1, 4))
        return self.head(z), y.transpose(0, 3, 1, 2)

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)
