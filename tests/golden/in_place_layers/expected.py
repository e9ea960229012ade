import mlx.core as mx
import mlx.nn as nn


def _in_place(layer, inplace=True):
    """An activation that writes its result over its input, as PyTorch's does with `inplace=True`."""

    class InPlace(type(layer)):
        def __call__(self, x):
            x[...] = super().__call__(x)
            return x

    if inplace:
        layer.__class__ = InPlace
    return layer


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


class Skip(nn.Module):
    def __init__(self, n: int, sub: nn.Module | None = None, inplace: bool = True):
        super().__init__()
        down = [_in_place(nn.LeakyReLU(0.2)), nn.Linear(n, n)]
        up = [_in_place(nn.ReLU(), inplace), nn.Linear(n, n)]
        if sub is not None:
            self.model = nn.Sequential(*down, sub, *up)
        else:
            self.model = nn.Sequential(*down, *up)

    def __call__(self, x):
        return mx.concatenate([x, self.model(x)], axis=1)  # of x after its activation

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)
