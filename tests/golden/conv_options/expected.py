import mlx.core as mx
import mlx.nn as nn


def _per_axis(size, axes):
    return (size,) * axes if isinstance(size, int) else tuple(size) * (axes // len(size))


def _side_widths(padding, kernel_size, dilation, axes):
    """The padding of both sides of each axis in torch's order, the last axis first; the larger half of "same" at the end."""
    if padding == "same":
        totals = [d * (k - 1) for d, k in zip(_per_axis(dilation, axes), _per_axis(kernel_size, axes))]
        sides = [(total // 2, total - total // 2) for total in totals]
    else:
        sides = [(p, p) for p in _per_axis(0 if padding == "valid" else padding, axes)]
    return [width for side in reversed(sides) for width in side]


def _pad_mode(padding_mode):
    """`padding_mode` of a convolution as a mode of padding."""
    return "constant" if padding_mode == "zeros" else padding_mode


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


class PaddedConv2d(nn.Conv2d):
    """PyTorch's Conv2d with a padding mode and channels last, as in (batch, height, width, channels)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True,
        padding_mode="zeros",
    ):
        sizes = (kernel_size, stride, 0, dilation)
        super().__init__(in_channels, out_channels, *sizes, groups, bias)
        self.widths = [0, 0, *_side_widths(padding, kernel_size, dilation, 2)]
        self.mode = _pad_mode(padding_mode)

    def __call__(self, x):
        return super().__call__(_crop_and_pad(x, self.widths, self.mode))


def _transposed(x, weight, stride, padding, output_padding, groups, dilation):
    axes = x.ndim - 2
    if groups > 1:
        weight = mx.concatenate(mx.split(weight, groups, axis=-1))
    function = (mx.conv_transpose1d, mx.conv_transpose2d, mx.conv_transpose3d)[axes - 1]
    padding, extra, dilation = [_per_axis(n, axes) for n in (padding, output_padding, dilation)]
    stride = _per_axis(stride, axes)
    reach = [d * (k - 1) for d, k in zip(dilation, weight.shape[1:-1])]
    if all(e <= p <= r for e, p, r in zip(extra, padding, reach)):
        sizes = [n[0] if axes == 1 else n for n in (stride, padding, dilation, extra)]
        return function(x, weight, *sizes, groups=groups)
    sizes = [n[0] if axes == 1 else n for n in (stride, dilation)]
    x = function(x, weight, sizes[0], 0, sizes[1], groups=groups)
    x = mx.pad(x, [(0, 0), *[(0, e) for e in extra], (0, 0)])
    return x[(slice(None), *[slice(p, n - p) for p, n in zip(padding, x.shape[1:-1])])]


def _conv_transpose(x, weight, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """A transposed convolution, channels last, with a kernel (out / groups, *kernel, in) and all of torch's options.

    MLX's own has no groups in 3-d, and is wrong for more padding than kernel and for more `output_padding` than padding:
    there the whole result is computed, and cropped.
    """
    if x.ndim == 5 and groups > 1:
        pieces = zip(mx.split(x, groups, axis=-1), mx.split(weight, groups, axis=-1))
        pieces = [_transposed(a, w, stride, padding, output_padding, 1, dilation) for a, w in pieces]
        return mx.concatenate(pieces, axis=-1)
    return _transposed(x, weight, stride, padding, output_padding, groups, dilation)


class GeneralConvTranspose2d(nn.ConvTranspose2d):
    """PyTorch's ConvTranspose2d with groups, output padding and channels last, as in (batch, height, width, channels)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True,
        dilation=1, padding_mode="zeros",
    ):
        sizes = (kernel_size, stride, padding, dilation, output_padding)
        super().__init__(in_channels, out_channels // groups, *sizes, bias=False)
        self.groups = groups
        if bias:
            bound = self.weight[..., 0].size ** -0.5
            self.bias = mx.random.uniform(-bound, bound, (out_channels,))

    def __call__(self, x):
        x = _conv_transpose(x, self.weight, self.stride, self.padding, self.output_padding, self.groups, self.dilation)
        return x + self.bias if "bias" in self else x


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


class Block(nn.Module):
    """Options that MLX's layers lack come with classes of their own; the usual ones stay short."""

    def __init__(self, channels: int):
        super().__init__()
        self.plain = nn.Conv2d(channels, channels, 3, padding=1)
        self.mirrored = PaddedConv2d(channels, channels, 3, padding=1, padding_mode="reflect")
        self.up = GeneralConvTranspose2d(channels, channels, 3, 2, 0, 1)

    def __call__(self, x: mx.array) -> mx.array:
        x = x.transpose(0, 2, 3, 1)
        return self.up(self.plain(x) + self.mirrored(x)).transpose(0, 3, 1, 2)

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)
