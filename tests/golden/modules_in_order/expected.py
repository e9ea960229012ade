import mlx.core as mx
import mlx.nn as nn


def _modules_in_order(module):
    """A module and those inside it, each once, every one before its parts."""
    pending = [module]
    found = []
    while pending:
        part = pending.pop()
        if isinstance(part, nn.Module) and not any(part is one for one in found):
            found.append(part)
        named = [value for name, value in part.items() if not name.startswith("_")] if isinstance(part, dict) else part
        pending.extend(value for value in reversed(named) if isinstance(value, (dict, list)))
    return found


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


class Scale(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dim = dim
        self.factor = None

    def __call__(self, x):
        return x * self.factor[:, None]


class Styled(nn.Module):
    """Each part of a style goes to the next of the layers."""

    def __init__(self, dim, style):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(dim, dim), Scale(dim), nn.Linear(dim, 2 * dim), Scale(2 * dim))
        self.style = nn.Linear(style, 3 * dim)
        for m in self.modules():
            if isinstance(m, nn.Linear):
                bound = m.weight.shape[-1]**-0.5
                m.weight = nn.init.uniform(low=-bound, high=bound)(m.weight)

    def __call__(self, x, style):
        factors = self.style(style)
        for m in _modules_in_order(self):
            if m.__class__.__name__ == "Scale":
                m.factor = factors[:, : m.dim]
                factors = factors[:, m.dim :]
        return self.body(x), len([m for m in self.modules() if isinstance(m, Scale)])

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)
