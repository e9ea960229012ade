import mlx.core as mx
import mlx.nn as nn


class Scaled(nn.Module):
    def __init__(self, n, dim, scale=10.0, smooth=False):
        super().__init__()
        self.embedding = nn.Embedding(n, dim)
        self.embedding.weight *= self.embedding.weight.shape[1] ** 0.5  # variance 1, as in PyTorch
        if smooth:
            weight = mx.cumsum(mx.stop_gradient(self.embedding.weight), axis=0)
            self.embedding.weight[:] = weight / mx.sqrt(mx.arange(1, n + 1))[:, None]
        self.embedding.weight /= scale
        self.other = nn.Embedding(n, dim)
        self.other.weight *= self.other.weight.shape[1] ** 0.5  # variance 1, as in PyTorch
        self.other.weight = self.other.weight * 0.5
        self.usual = nn.Embedding(n, dim)
        self.scale = scale

    def __call__(self, x):
        return self.embedding(x) * self.scale + self.other(x) + self.usual(x)
