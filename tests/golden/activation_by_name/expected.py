import mlx.core as mx
import mlx.nn as nn


class ELU(nn.Module):
    """x where it is positive, else alpha * (exp(x) - 1); unlike `nn.elu`, its gradient does not overflow."""

    def __init__(self, alpha: float = 1.0):
        super().__init__()
        self.alpha = alpha

    def __call__(self, x):
        return mx.where(x > 0, x, self.alpha * mx.expm1(mx.minimum(0, x)))


class Hardtanh(nn.Module):
    """Limits values to [min_val, max_val]."""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0):
        super().__init__()
        self.min_val = min_val
        self.max_val = max_val

    def __call__(self, x):
        return nn.hard_tanh(x, self.min_val, self.max_val)


class PReLU(nn.Module):
    """Leaky ReLU with a learned slope, one for all or one per channel (axis 1)."""

    def __init__(self, num_parameters: int = 1, init: float = 0.25):
        super().__init__()
        self.weight = mx.full((num_parameters,), init)

    def __call__(self, x):
        return mx.where(x > 0, x, self.weight.reshape([-1, *[1] * (x.ndim - 2)][: x.ndim]) * x)


class SELU(nn.Module):
    """The self-normalising exponential unit; unlike `nn.selu`, its gradient does not overflow."""

    def __call__(self, x):
        return 1.0507009873554805 * mx.where(x > 0, x, 1.6732632423543772 * mx.expm1(mx.minimum(0, x)))


_layers = {
    "CELU": nn.CELU,
    "ELU": ELU,
    "GELU": nn.GELU,
    "Hardswish": nn.Hardswish,
    "Hardtanh": Hardtanh,
    "Identity": nn.Identity,
    "LeakyReLU": nn.LeakyReLU,
    "Mish": nn.Mish,
    "PReLU": PReLU,
    "ReLU": nn.ReLU,
    "ReLU6": nn.ReLU6,
    "SELU": SELU,
    "SiLU": nn.SiLU,
    "Sigmoid": nn.Sigmoid,
    "Softplus": nn.Softplus,
    "Softsign": nn.Softsign,
    "Tanh": nn.Tanh,
}


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


class Layer(nn.Module):
    def __init__(self, dim, nonlinear_activation, params={}):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(dim, dim), _layers[nonlinear_activation](**params))

    def __call__(self, x):
        return self.layers(x)

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)
