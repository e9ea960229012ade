import mlx.core as mx
import mlx.nn as nn


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


class Block(nn.Module):
    def __init__(self, dim: int, norm: type, drop: bool = False):
        super().__init__()
        layers = []
        if drop:
            layers.append(nn.Dropout(0.5))
        layers += [nn.Linear(dim, dim), norm(dim), nn.ReLU()]  # begins with no activation
        self.layers = nn.Sequential(*layers)

    def __call__(self, x: mx.array) -> mx.array:
        return x + self.layers(x)

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)
