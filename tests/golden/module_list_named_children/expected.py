import mlx.core as mx
import mlx.nn as nn


class NamedModules(nn.Module):
    """Holds modules by the names that they are added with."""

    def add_module(self, name, module):
        setattr(self, name, module)


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


def _same_padding(padding, kernel_size, dilation, axes):
    """Padding as numbers, also where it is given as "same" (which is symmetric for odd kernels only) or "valid"."""
    if padding != "same":
        return 0 if padding == "valid" else padding
    kernel_size, dilation = [(n,) * axes if isinstance(n, int) else n for n in (kernel_size, dilation)]
    if any(d * (k - 1) % 2 for k, d in zip(kernel_size, dilation)):
        raise NotImplementedError('padding="same" with an even kernel')
    return tuple(d * (k - 1) // 2 for k, d in zip(kernel_size, dilation))


class Conv2d(nn.Conv2d):
    """PyTorch's Conv2d: channels first, as in (batch, channels, height, width)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True,
        padding_mode="zeros",
    ):
        if padding_mode != "zeros":
            raise NotImplementedError(f"padding_mode={padding_mode!r}")
        padding = _same_padding(padding, kernel_size, dilation, 2)
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias)

    def __call__(self, x):
        return super().__call__(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


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


def _add_module(owner, module):
    """Gives a module a child by that name."""
    if isinstance(owner, nn.Sequential):
        raise NotImplementedError("a child with a name in nn.Sequential, whose children are numbered")
    if isinstance(owner, list):
        return owner.append(module)
    if hasattr(owner, "add_module"):
        return owner.add_module("0", module)
    return setattr(owner, "0", module)


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


class Reduction(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.path = NamedModules()
        self.path.add_module("pad", Pad((0, 1, 0, 1), 2))
        self.path.add_module("conv", Conv2d(dim, dim, 1, bias=False))
        self.rest = []
        _add_module(self.rest, BatchNorm(dim))

    def __call__(self, x):
        y = self.path.pad(x)[:, :, 1:, 1:]
        y = self.path.conv(y)
        for layer in self.rest:
            y = layer(y)
        return y

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)
