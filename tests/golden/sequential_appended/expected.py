import mlx.core as mx
import mlx.nn as nn


class LayerNormOverAxes(nn.Module):
    """Layer norm over several trailing axes, which `mx.fast.layer_norm` takes as one."""

    def __init__(self, normalized_shape, eps: float = 1e-5, elementwise_affine: bool = True, bias: bool = True):
        super().__init__()
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps = eps
        if elementwise_affine:
            self.weight = mx.ones(self.normalized_shape)
            if bias:
                self.bias = mx.zeros(self.normalized_shape)

    def __call__(self, x):
        weight = self.weight.flatten() if "weight" in self else None
        bias = self.bias.flatten() if "bias" in self else None
        flat = x.flatten(-len(self.normalized_shape))
        return mx.fast.layer_norm(flat, weight, bias, self.eps).reshape(x.shape)


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


class Gated(nn.Module):
    """Its layers are appended one by one."""

    def __init__(self, dims):
        super().__init__()
        self.net = nn.Sequential()
        self.gate = nn.Sequential(nn.Linear(dims[0], dims[-1]))
        for before, after in zip(dims[:-1], dims[1:]):
            self.net.layers.append(nn.Linear(before, after))
            self.net.layers.append(nn.SiLU())
        self.net.layers.pop(-1)
        self.net.layers.extend([LayerNormOverAxes(dims[-1])])
        self.net.layers.insert(0, LayerNormOverAxes(dims[0]))
        self.gate.layers.append(nn.Sigmoid())

    def __call__(self, x):
        return self.net(x) * self.gate(x)

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)


class Stack(nn.Sequential):
    def __init__(self, dim, depth):
        super().__init__()
        for _ in range(depth):
            self.layers.append(nn.Linear(dim, dim))

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)
