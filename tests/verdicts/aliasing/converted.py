"""Writes that reach what they are views of, and copies that they do not reach."""

import mlx.core as mx
import mlx.nn as nn


class Writes(nn.Module):
    def __init__(self, dim=6):
        super().__init__()
        self.proj = nn.Linear(dim, dim)

    def __call__(self, x):
        y = self.proj(x)
        before = mx.array(y)
        y[:, 0] = y[:, 0] * 2.0
        y[:, 3:] += 1
        half = y[:, 3:]
        out = mx.zeros_like(y)
        for i in range(x.shape[1]):
            out[:, i] = y[:, : i + 1].sum(-1)
        out[:, ::2] -= before[:, ::2]
        out = out + before
        return out * half.sum()
