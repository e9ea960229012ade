import mlx.core as mx
import mlx.nn as nn


def _dropout(x, p, training):
    """Zeroes each value with probability p and scales the others by 1 / (1 - p); `shape` is that of the mask."""
    if not training or p == 0:
        return x
    if p == 1:
        return mx.zeros_like(x)
    return x * mx.random.bernoulli(1 - p, x.shape) / (1 - p)


class Regular(nn.Module):
    def __init__(self, dim: int, p: float = 0.1):
        super().__init__()
        self.p = p
        self.drop = nn.Dropout(p)

    def __call__(self, x: mx.array) -> mx.array:
        x = _dropout(x, self.p, self.training)
        return self.drop(x)
