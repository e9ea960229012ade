import mlx.core as mx
import mlx.nn as nn


def _train(module, mode=True):
    """Sets the mode of a module, and has its parts set theirs, each by its own `train`."""
    module._set_training_mode(mode)
    pending = list(module.children().values())
    while pending:
        part = pending.pop()
        if isinstance(part, nn.Module):
            part.train(mode) if type(part).train is not nn.Module.train else _train(part, mode)
        elif isinstance(part, (dict, list, tuple)):
            pending.extend(part.values() if isinstance(part, dict) else part)
    return module


class BatchNorm(nn.BatchNorm):
    """PyTorch's batch norm: the channels are axis 1 of an array of any rank."""

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True):
        if momentum is None:
            raise NotImplementedError("running statistics as a cumulative average")
        super().__init__(num_features, eps, momentum, affine, track_running_stats)
        if track_running_stats:
            self.num_batches_tracked = mx.array(0)
            self.freeze(keys=["num_batches_tracked"], recurse=False)

    def unfreeze(self, *args, **kwargs):
        super().unfreeze(*args, **kwargs)
        self.freeze(keys=["num_batches_tracked"], recurse=False)

    def __call__(self, x):
        if self.training and self.track_running_stats:
            self.num_batches_tracked = self.num_batches_tracked + 1
        x = mx.moveaxis(x, 1, -1)
        return mx.moveaxis(super().__call__(x.reshape(-1, x.shape[-1])).reshape(x.shape), -1, 1)


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


class Attention(nn.Module):
    def __init__(self, heads: int, length: int):
        super().__init__()
        self.biases = mx.random.normal((heads, length))
        self.order = mx.flip(mx.arange(length), 0)
        self.freeze(keys=["order"], recurse=False)

    def train(self, mode=True):
        _train(self, mode)
        if mode and hasattr(self, "_ab"):
            del self._ab
        else:
            self._ab = self.biases[:, self.order]

    def __call__(self, x):
        return x + (self.biases[:, self.order] if self.training else self._ab)


class Frozen(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(dim, dim), BatchNorm(dim))

    def train(self, mode: bool = True):
        _train(self, mode)
        for m in self.modules():
            if isinstance(m, BatchNorm):
                m.eval()
        return self

    def __call__(self, x):
        return self.layers(x)

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)


class Net(nn.Module):
    def __init__(self, heads: int = 2, length: int = 6):
        super().__init__()
        self.blocks = nn.Sequential(Attention(heads, length), nn.Dropout(0.1), Attention(heads, length))
        self.frozen = Frozen(length)
        self.norm = BatchNorm(length)

    def __call__(self, x):
        return self.norm(self.frozen(self.blocks(x)[:, 0]))

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)

    def train(self, mode=True):
        return _train(self, mode)
