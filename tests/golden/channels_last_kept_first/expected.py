import math
import mlx.core as mx
import mlx.nn as nn


def _same_padding(padding, kernel_size, dilation, axes):
    """Padding as numbers, also where it is given as "same" (which is symmetric for odd kernels only) or "valid"."""
    if padding != "same":
        return 0 if padding == "valid" else padding
    kernel_size, dilation = [(n,) * axes if isinstance(n, int) else n for n in (kernel_size, dilation)]
    if any(d * (k - 1) % 2 for k, d in zip(kernel_size, dilation)):
        raise NotImplementedError('padding="same" with an even kernel')
    return tuple(d * (k - 1) // 2 for k, d in zip(kernel_size, dilation))


def _conv3d_groups(x, weight, stride, padding, dilation, groups):
    """A grouped 3-d convolution, channels last, as one convolution per group: `mx.conv3d` has no groups."""
    pieces = zip(mx.split(x, groups, axis=-1), mx.split(weight, groups, axis=0))
    return mx.concatenate([mx.conv3d(a, w, stride, padding, dilation) for a, w in pieces], axis=-1)


class ConvBase(nn.Module):
    """A convolution as PyTorch keeps it: channels first, kernels as (out, in, *sizes), one number per axis."""

    def __init__(
        self, axes, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True,
        padding_mode="zeros",
    ):
        super().__init__()
        if padding_mode != "zeros":
            raise NotImplementedError(f"padding_mode={padding_mode!r}")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        padding = _same_padding(padding, kernel_size, dilation, axes)
        sizes = [(n,) * axes if isinstance(n, int) else tuple(n) for n in (kernel_size, stride, padding, dilation)]
        self.kernel_size, self.stride, self.padding, self.dilation = sizes
        self.padding_mode = padding_mode
        scale = (in_channels // groups * math.prod(self.kernel_size)) ** -0.5
        self.weight = mx.random.uniform(-scale, scale, (out_channels, in_channels // groups, *self.kernel_size))
        self.bias = mx.random.uniform(-scale, scale, (out_channels,)) if bias else None

    def _conv_forward(self, input, weight, bias):
        x, weight = mx.moveaxis(input, 1, -1), mx.moveaxis(weight, 1, -1)
        if self.groups > 1 and x.ndim == 5:
            y = _conv3d_groups(x, weight, self.stride, self.padding, self.dilation, self.groups)
        else:
            y = mx.conv_general(x, weight, self.stride, self.padding, self.dilation, groups=self.groups)
        return mx.moveaxis(y if bias is None else y + bias, -1, 1)

    def __call__(self, x):
        return self._conv_forward(x, self.weight, self.bias)


class Conv2d(ConvBase):
    """PyTorch's Conv2d, with the weight in its layout."""

    def __init__(self, *args, **kwargs):
        super().__init__(2, *args, **kwargs)


class _Conv2d(nn.Conv2d):
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


class WeightedConv(Conv2d):
    def __call__(self, x):
        return self._conv_forward(x, self.weight * 2, self.bias)


class Net(nn.Module):
    """A class that derives from a layer keeps channels first, and so does the whole file."""

    def __init__(self):
        super().__init__()
        self.first = WeightedConv(3, 8, 3, padding=1)
        self.second = _Conv2d(8, 8, 3, padding=1)

    def __call__(self, x):
        return nn.relu(self.second(self.first(x)))

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)
