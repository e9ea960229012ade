"""Splits, repetitions and turns."""

import mlx.core as mx
import mlx.nn as nn


class Split(nn.Module):
    def __init__(self, dim=6):
        super().__init__()
        self.proj = nn.Linear(dim, 2 * dim)

    def __call__(self, x):
        a, b = mx.split(self.proj(x), 2, axis=-1)
        size = -(-b.shape[1] // 3)
        first, second, third = mx.split(b, [size, 2 * size], axis=1)
        turned = mx.concatenate([third, second[..., ::-1], mx.roll(first, 1, axis=-1)], axis=1)
        tiled = mx.tile(a[:, :1], (1, turned.shape[1], 1))
        each = mx.repeat(a[:, :2], 3, axis=1)
        return turned * tiled + each[:, : turned.shape[1]] + mx.tril(a.swapaxes(0, 1))[:, : x.shape[0]].sum()
