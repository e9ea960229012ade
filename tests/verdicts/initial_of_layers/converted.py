"""Layers that begin as MLX has them, and one of the file's own; a flag adds another."""

import mlx.core as mx
import mlx.nn as nn


class Linear(nn.Module):
    """A layer of the file's own: it begins as PyTorch's."""

    def __init__(self, inputs, outputs):
        super().__init__()
        bound = inputs**-0.5
        self.weight = mx.random.uniform(-bound, bound, (outputs, inputs))
        self.bias = mx.random.uniform(-bound, bound, (outputs,))

    def __call__(self, x):
        return x @ self.weight.T + self.bias


class Gain(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.weight = mx.random.normal((dim, dim)) * 0.1

    def __call__(self, x):
        return x @ self.weight


class Layers(nn.Module):
    def __init__(self, dim=16, use_gain=False):
        super().__init__()
        self.table = nn.Embedding(20, dim)
        self.norm = nn.LayerNorm(dim)
        self.mix = nn.Conv1d(dim, dim, 3, padding=1)
        self.out = Linear(dim, dim)
        self.gain = Gain(dim) if use_gain else None

    def __call__(self, ids):
        x = self.norm(self.table(ids))
        x = x + self.mix(x)
        if self.gain is not None:
            x = self.gain(x)
        return self.out(x)

    def sanitize(self, weights):
        if weights["mix.weight"].shape == (16, 16, 3):
            weights["mix.weight"] = weights["mix.weight"].swapaxes(1, 2)
        return weights
