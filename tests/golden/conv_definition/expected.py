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


class Conv1d(nn.Conv1d):
    """PyTorch's Conv1d: channels first, as in (batch, channels, length)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True,
        padding_mode="zeros",
    ):
        if padding_mode != "zeros":
            raise NotImplementedError(f"padding_mode={padding_mode!r}")
        padding = _same_padding(padding, kernel_size, dilation, 1)
        sizes = [n[0] if isinstance(n, (list, tuple)) else n for n in (kernel_size, stride, padding, dilation)]
        super().__init__(in_channels, out_channels, *sizes, groups, bias)

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
                if isinstance(owner, kind):  # in order: a view would be copied by every call
                    own["weight"] = mx.contiguous(own["weight"].transpose(order))
        for name, value in own.items():
            if name != "num_batches_tracked" or name in owner:
                result[".".join([*path, name])] = value
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
