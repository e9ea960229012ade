import mlx.core as mx
import mlx.nn as nn


class Softmax(nn.Module):
    """Softmax along one axis."""

    def __init__(self, dim: int):
        super().__init__()
        self.dim = dim

    def __call__(self, x):
        return mx.softmax(x, axis=self.dim)


class Mixture(nn.Module):
    def __init__(self, dim: int, parts: int = 3):
        super().__init__()
        self.shares = mx.ones(parts)
        self.softmax = Softmax(dim=-1)
        self.bias = self.made(dim)

    def made(self, dim: int):
        return mx.random.normal((dim,)) * 0.02

    def __call__(self, x: mx.array):
        # a new leaf: the shares themselves are not trained
        shares = mx.stop_gradient(self.softmax(self.shares))
        return x * shares[0] + self.bias
