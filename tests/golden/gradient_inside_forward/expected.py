import mlx.core as mx
import mlx.nn as nn


class Bilinear(nn.Module):
    """x1 W x2 + b for each output; unlike in `nn.Bilinear`, W is (out, first, second), as in PyTorch."""

    def __init__(self, in1_features: int, in2_features: int, out_features: int, bias: bool = True):
        super().__init__()
        bound = in1_features**-0.5
        self.weight = mx.random.uniform(-bound, bound, (out_features, in1_features, in2_features))
        if bias:
            self.bias = mx.random.uniform(-bound, bound, (out_features,))

    def __call__(self, x1, x2):
        y = mx.einsum("...i,oij,...j->...o", x1, self.weight, x2)
        return y + self.bias if "bias" in self else y


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


class Force(nn.Module):
    """Minus the gradient of an energy."""

    def __init__(self, dim):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(dim, 16), nn.Tanh(), nn.Linear(16, 1))

    def __call__(self, x):
        scaled = 2 * x
        energy = self.net(scaled).sum()
        force = -mx.grad(lambda x: self.net(2 * x).sum())(x)
        return force

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)


class Inline(nn.Module):
    def __init__(self, action):
        super().__init__()
        self.action = action

    def __call__(self, x):
        gradient = mx.grad(lambda x: self.action(x).sum())(x)
        return gradient[:, :-1]


class Both(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.mix = Bilinear(dim, dim, 1)

    def __call__(self, q, p):
        h = self.mix(mx.sin(q), p)
        dq, dp = mx.grad(lambda q, p: mx.sum(self.mix(mx.sin(q), p)), argnums=(0, 1))(q, p)
        (again,) = (mx.stop_gradient(mx.grad(lambda q: self.mix(mx.sin(q), p).mean())(q)),)
        return dp, -dq, again


class Conditioned(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.net = nn.Linear(2 * dim, 1)

    def __call__(self, x, condition):
        x = mx.stop_gradient(x)
        score = self.net(mx.concatenate([x, condition], axis=-1)).sum()
        return mx.grad(lambda x: self.net(mx.concatenate([x, condition], axis=-1)).sum())(x)


class Weighted(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.proj = nn.Linear(dim, dim)

    def __call__(self, x):
        b = self.proj(x)
        return mx.grad(lambda x: mx.einsum("...b,...b->", x, self.proj(x)))(x)
