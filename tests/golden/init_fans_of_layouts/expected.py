import math
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


class PaddedConv1d(nn.Conv1d):
    """PyTorch's Conv1d with a padding mode and channels last, as in (batch, length, channels)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True,
        padding_mode="zeros",
    ):
        sizes = [_per_axis(n, 1)[0] for n in (kernel_size, stride, 0, dilation)]
        super().__init__(in_channels, out_channels, *sizes, groups, bias)
        self.widths = [0, 0, *_side_widths(padding, kernel_size, dilation, 1)]
        self.mode = _pad_mode(padding_mode)

    def __call__(self, x):
        return super().__call__(_crop_and_pad(x, self.widths, self.mode))


def _check_transposed(kernel_size, padding, output_padding, dilation, groups, axes):
    """MLX's transposed convolutions have no groups, and are wrong where padding exceeds the kernel or the output's."""
    sizes = [(n,) * axes if isinstance(n, int) else n for n in (kernel_size, padding, output_padding, dilation)]
    if groups != 1 or any(extra > p or p > d * (k - 1) for k, p, extra, d in zip(*sizes)):
        raise NotImplementedError("a transposed convolution with groups or unusual padding")


class ConvTranspose1d(nn.ConvTranspose1d):
    """PyTorch's ConvTranspose1d with channels last, as in (batch, length, channels)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True,
        dilation=1, padding_mode="zeros",
    ):
        _check_transposed(kernel_size, padding, output_padding, dilation, groups, 1)
        sizes = [n[0] if isinstance(n, (list, tuple)) else n for n in (kernel_size, stride, padding, dilation, output_padding)]
        super().__init__(in_channels, out_channels, *sizes, bias=bias)


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


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = PaddedConv1d(4, 8, 4, stride=2, padding_mode="circular")
        self.up = ConvTranspose1d(8, 4, 2)
        self.mix = mx.zeros((3, 4, 5))
        self.mix = mx.moveaxis(nn.init.glorot_uniform()(mx.moveaxis(self.mix, 1, -1)), -1, 1)
        self.up.weight = nn.init.he_normal()(self.up.weight, mode="fan_out", gain=math.sqrt(2))
        self.up.weight = nn.init.orthogonal(gain=1)(self.up.weight.reshape(-1, self.up.weight.shape[-1])).reshape(self.up.weight.shape)
        for m in self.modules():
            if isinstance(m, nn.Conv1d):
                m.weight = nn.init.he_normal()(m.weight, mode="fan_out", gain=math.sqrt(2))
                print((math.prod(m.weight.shape[1:]), m.weight.shape[0] * math.prod(m.weight.shape[1:-1])))

    def __call__(self, x):
        return self.up(self.down(x.transpose(0, 2, 1))).transpose(0, 2, 1) + self.mix.sum()

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)
