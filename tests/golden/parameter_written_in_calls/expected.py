import mlx.core as mx
import mlx.nn as nn


def _deviation(variance):
    """Its root; where it is 0 so is its gradient, as in PyTorch, where that of MLX's `std` is NaN."""
    constant = variance == 0
    return mx.where(constant, 0, mx.sqrt(mx.where(constant, 1, variance)))


class ActNorm(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.shift = mx.zeros((1, dim))
        self.scale = mx.ones((1, dim))
        self.seen = False

    def initialize(self, x):
        self.shift = mx.stop_gradient(mx.broadcast_to(-x.mean(axis=0, keepdims=True), self.shift.shape).astype(self.shift.dtype)) + (self.shift - mx.stop_gradient(self.shift))
        self.scale = mx.stop_gradient(1 / (_deviation(x.var(axis=0, keepdims=True, ddof=1)) + 1e-6)) + (self.scale - mx.stop_gradient(self.scale))

    def reset(self):
        self.shift = mx.zeros_like(self.shift)

    def __call__(self, x):
        if self.training and not self.seen:
            self.initialize(x)
        return self.scale * (x + self.shift)
