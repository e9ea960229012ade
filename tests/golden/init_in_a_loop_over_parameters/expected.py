import mlx.core as mx
import mlx.nn as nn


class Attend(nn.Module):
    def __init__(self, dim=4):
        super().__init__()
        self.query = mx.zeros((dim, dim))
        self.key = mx.zeros((dim, dim))
        self.bias = mx.zeros(dim)
        for weight in [self.query, self.key]:
            weight[...] = nn.init.glorot_normal()(weight)
        for bias in (self.bias,):
            bias[...] = mx.zeros_like(bias)

    def __call__(self, x):
        return x @ self.query @ self.key + self.bias
