import mlx.core as mx
import mlx.nn as nn


class Dropout1d(nn.Module):
    """Zeroes whole channels of (batch, channels, length) with probability p, in training."""

    def __init__(self, p: float = 0.5):
        super().__init__()
        self.p = p

    def __call__(self, x):
        if not self.training or self.p == 0:
            return x
        return x * mx.random.bernoulli(1 - self.p, (*x.shape[:-1], 1)) / (1 - self.p)


class Dropout2d(nn.Module):
    """Zeroes whole channels of (batch, channels, height, width) with probability p, in training."""

    def __init__(self, p: float = 0.5):
        super().__init__()
        self.p = p

    def __call__(self, x):
        if not self.training or self.p == 0:
            return x
        return x * mx.random.bernoulli(1 - self.p, (*x.shape[:2], *[1] * (x.ndim - 2))) / (1 - self.p)


class Dropout3d(nn.Module):
    """Zeroes whole channels of (batch, channels, depth, height, width) with probability p, in training."""

    def __init__(self, p: float = 0.5):
        super().__init__()
        self.p = p

    def __call__(self, x):
        if not self.training or self.p == 0:
            return x
        return x * mx.random.bernoulli(1 - self.p, (*x.shape[:-3], 1, 1, 1)) / (1 - self.p)

NAMES = ["ReLU", "Tanh"]


class Layer(nn.Module):
    def __init__(self, dim: int, n_dim: int = 1, activation: str = "ReLU"):
        super().__init__()
        assert activation in NAMES
        self.drop = {"Dropout1d": Dropout1d, "Dropout2d": Dropout2d, "Dropout3d": Dropout3d}[f"Dropout{n_dim}d"](0.0)
        self.norm = nn.LayerNorm(dim)
        self.act = {"LayerNorm": nn.LayerNorm, "ReLU": nn.ReLU, "Tanh": nn.Tanh}[activation]()
        self.squash = nn.softplus

    def __call__(self, x: mx.array) -> mx.array:
        return self.squash(self.act(self.norm(self.drop(x))))
