import mlx.core as mx
import mlx.nn as nn


def _check_transposed(kernel_size, padding, output_padding, dilation, groups, axes):
    """MLX's transposed convolutions have no groups, and are wrong where padding exceeds the kernel or the output's."""
    sizes = [(n,) * axes if isinstance(n, int) else n for n in (kernel_size, padding, output_padding, dilation)]
    if groups != 1 or any(extra > p or p > d * (k - 1) for k, p, extra, d in zip(*sizes)):
        raise NotImplementedError("a transposed convolution with groups or unusual padding")


class ConvTranspose2d(nn.ConvTranspose2d):
    """PyTorch's ConvTranspose2d with channels last, as in (batch, height, width, channels)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True,
        dilation=1, padding_mode="zeros",
    ):
        _check_transposed(kernel_size, padding, output_padding, dilation, groups, 2)
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding, bias)


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


class MeanShift(nn.Module):
    def __init__(self):
        super().__init__()
        self.shift = nn.Conv2d(3, 3, 1)
        self.shift.weight = mx.moveaxis(mx.eye(3).reshape(3, 3, 1, 1), 1, -1)
        self.back = ConvTranspose2d(3, 3, 1)
        self.back.weight = mx.moveaxis(mx.ones((3, 3, 1, 1)), 0, -1)
        self.twin = nn.Conv2d(3, 3, 1)
        self.twin.weight = mx.moveaxis(mx.array(mx.stop_gradient(mx.moveaxis(self.shift.weight, -1, 1))), 1, -1)
        self.twin.weight = mx.where(mx.moveaxis(mx.eye(3).reshape(3, 3, 1, 1) > 0, 1, -1), 1.0, self.twin.weight)

    def __call__(self, x):
        x = x.transpose(0, 2, 3, 1)
        return (self.back(self.shift(x)) + self.twin(x)).transpose(0, 3, 1, 2)

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)
