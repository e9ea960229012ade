import mlx.core as mx
import mlx.nn as nn


def _int(size):
    """The number in a one-element tuple; 1-d convolutions of MLX take plain integers."""
    return size if isinstance(size, int) else size[0]


def _per_axis(size, axes):
    """One number per axis."""
    return (size,) * axes if isinstance(size, int) else tuple(size)


def _conv_padding(padding, kernel_size, dilation, axes):
    """The padding of each axis; "same" keeps the sizes at stride 1, which is symmetric for odd kernels only."""
    if padding == "valid":
        return (0,) * axes
    if padding != "same":
        return _per_axis(padding, axes)
    totals = [d * (k - 1) for k, d in zip(_per_axis(kernel_size, axes), _per_axis(dilation, axes))]
    if any(total % 2 for total in totals):
        raise NotImplementedError('padding="same" with an even kernel')
    return tuple(total // 2 for total in totals)


class Conv1d(nn.Conv1d):
    """PyTorch's Conv1d: channels first, as in (batch, channels, length)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True,
        padding_mode="zeros",
    ):
        if padding_mode != "zeros":
            raise NotImplementedError(f"padding_mode={padding_mode!r}")
        kernel_size, stride, dilation = _int(kernel_size), _int(stride), _int(dilation)
        (padding,) = _conv_padding(padding, kernel_size, dilation, 1)
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias)

    def __call__(self, x):
        return super().__call__(x.swapaxes(1, 2)).swapaxes(1, 2)


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
                if isinstance(owner, kind):
                    own["weight"] = own["weight"].transpose(order)
        result.update({".".join([*path, name]): value for name, value in own.items() if name != "num_batches_tracked" or name in owner})
    return result


class Stem(nn.Module):
    """Channels come first, as in the original."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv = Conv1d(channels, channels, kernel_size=3, padding=1)

    def __call__(self, x: mx.array) -> mx.array:
        return nn.relu(self.conv(x))

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)
