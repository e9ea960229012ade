import mlx.core as mx
import mlx.nn as nn


class BatchNorm(nn.BatchNorm):
    """PyTorch's batch norm, which counts its batches; the channels are the last axis of an array of any rank."""

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
        return super().__call__(x.reshape(-1, x.shape[-1])).reshape(x.shape)


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


class SE(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.fc1 = nn.Linear(channels, channels // 2)
        self.fc2 = nn.Linear(channels // 2, channels)

    def __call__(self, x):
        b, h, w, c = x.shape
        y = x.mean(axis=(1, 2), keepdims=True).reshape(b, c)
        y = mx.sigmoid(self.fc2(nn.relu(self.fc1(y)))).reshape(b, 1, 1, c)
        return x * y


class Block(nn.Module):
    def __init__(self, inp, out, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(inp, out, 3, stride=stride, padding=1, bias=False)
        self.bn1 = BatchNorm(out)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1)
        self.se = SE(out)
        self.short = nn.Sequential(nn.Conv2d(inp, out, 1, stride=stride), BatchNorm(out))

    def __call__(self, x):
        y = nn.relu(self.bn1(self.conv1(x)))
        y = self.se(self.conv2(y))
        return nn.relu(y + self.short(x))

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)


class Net(nn.Module):
    def __init__(self, n=10):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.a = Block(8, 16, 2)
        self.b = Block(16, 16)
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(32, n)

    def __call__(self, x):
        """Classify (b, 3, h, w)."""
        x = self.stem(x.transpose(0, 2, 3, 1))
        x = self.pool(self.a(x))
        y = self.b(x)
        x = mx.concatenate([x, y], axis=-1)
        x = x.mean(axis=(1, 2))
        return self.fc(x)

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)
