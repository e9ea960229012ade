import math
import mlx.core as mx
import mlx.nn as nn


def _per_axis(size, axes):
    return (size,) * axes if isinstance(size, int) else tuple(size) * (axes // len(size))


def _output_padding(shape, kernel_size, stride, padding, dilation, output_size):
    """What is added at the end of each axis so that channels-last input of that shape gives `output_size`, the batch and channels aside."""
    axes = len(shape) - 2
    sizes = [_per_axis(n, axes) for n in (stride, padding, dilation)]
    least = [(n - 1) * s - 2 * p + d * (k - 1) + 1 for n, k, s, p, d in zip(shape[1:-1], kernel_size, *sizes)]
    return tuple(size - n for size, n in zip(output_size[len(output_size) - axes :], least))


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
    """PyTorch's ConvTranspose2d with groups and output padding: channels first, as in (batch, channels, height, width)."""

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

    def __call__(self, x, output_size=None):
        x, extra = x.transpose(0, 2, 3, 1), self.output_padding
        if output_size is not None:
            extra = _output_padding(x.shape, self.weight.shape[1:-1], self.stride, self.padding, self.dilation, output_size)
        x = _conv_transpose(x, self.weight, self.stride, self.padding, extra, self.groups, self.dilation)
        return (x + self.bias if "bias" in self else x).transpose(0, 3, 1, 2)


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


class Up(GeneralConvTranspose2d):
    def __init__(self, c1, c2, k=1, s=1, p1=0, p2=0):
        super().__init__(c1, c2, k, s, p1, p2, groups=math.gcd(c1, c2))

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)


class Narrow(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.up = GeneralConvTranspose2d(dim, dim, (4, 1), 2, padding=1)
        self.plain = ConvTranspose2d(dim, dim, (4, 3), 2, padding=1)

    def __call__(self, x):
        return self.plain(self.up(x))

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)
