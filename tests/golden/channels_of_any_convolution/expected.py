import mlx.core as mx
import mlx.nn as nn


class GroupNorm(nn.GroupNorm):
    """Group norm with the channels on axis 1, as in PyTorch."""

    def __init__(self, num_groups, num_channels, eps=1e-5, affine=True):
        super().__init__(num_groups, num_channels, eps, affine)

    def __call__(self, x):
        shape = (-1, *[1] * (x.ndim - 2))
        groups = x.reshape(x.shape[0], self.num_groups, -1)
        x = mx.fast.layer_norm(groups, None, None, self.eps).reshape(x.shape)
        return x * self.weight.reshape(shape) + self.bias.reshape(shape) if "weight" in self else x


def _check_transposed(kernel_size, padding, output_padding, dilation, groups, axes):
    """MLX's transposed convolutions have no groups, and are wrong where padding exceeds the kernel or the output's."""
    sizes = [(n,) * axes if isinstance(n, int) else n for n in (kernel_size, padding, output_padding, dilation)]
    if groups != 1 or any(extra > p or p > d * (k - 1) for k, p, extra, d in zip(*sizes)):
        raise NotImplementedError("a transposed convolution with groups or unusual padding")


class ConvTranspose2d(nn.ConvTranspose2d):
    """PyTorch's ConvTranspose2d: channels first, as in (batch, channels, height, width)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True,
        dilation=1, padding_mode="zeros",
    ):
        _check_transposed(kernel_size, padding, output_padding, dilation, groups, 2)
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding, bias)

    def __call__(self, x):
        return super().__call__(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


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


def norm_of(module: nn.Module, kind: str = "none"):
    if kind == "group":
        return GroupNorm(1, module.out_channels if hasattr(module, "out_channels") else module.weight.shape[0])
    return nn.Identity()


class Up(nn.Module):
    def __init__(self, dim=4, kind: str = "none"):
        super().__init__()
        self.conv = ConvTranspose2d(dim, 2 * dim, 3)
        self.norm = norm_of(self.conv, kind)

    def __call__(self, x):
        return self.norm(self.conv(x))

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)


class Same(nn.Module):
    def __init__(self, dim=4, kind: str = "group"):
        super().__init__()
        self.conv = Conv2d(dim, dim, 3, padding=1, groups=2)
        self.norm = norm_of(self.conv, kind)

    def __call__(self, x):
        return self.norm(self.conv(x))

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)
