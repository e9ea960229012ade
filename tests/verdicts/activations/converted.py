"""Activations in a row."""

import mlx.core as mx
import mlx.nn as nn


class Activations(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.first = nn.Linear(dim, dim)
        self.prelu = nn.PReLU(dim, init=0.3)

    def __call__(self, x):
        x = self.first(x)
        y = nn.gelu(x) + nn.gelu_approx(x) + nn.silu(x) + nn.mish(x)
        y = y + mx.logaddexp(2 * x, 0) / 2 + nn.elu(x, 0.7) + nn.hardswish(x) + mx.clip(x, -0.5, 2.0)
        y = y + nn.leaky_relu(x) + nn.selu(x) + nn.softsign(x) + nn.glu(mx.concatenate([x, x[..., ::-1]], -1))
        return self.prelu(y) + mx.arctan2(x, mx.abs(y) + 1)
