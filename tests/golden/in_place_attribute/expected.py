import mlx.core as mx
import mlx.nn as nn


class Scale(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.weight = mx.zeros(dim)
        self.bias = mx.zeros(dim)
        self.weight = mx.full_like(self.weight, 1.0)
        self.bias[0] = 1.0
        self.bias = mx.zeros_like(self.bias)  # no shift at first

    def __call__(self, x):
        return x * self.weight + self.bias
