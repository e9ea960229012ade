import mlx.core as mx
import mlx.nn as nn


def sinusoids(length: int, dim: int, dtype=mx.float32):
    angles = mx.arange(length)[:, None] / (mx.arange(dim // 2)[None] + 1)
    return mx.concatenate((mx.sin(angles), mx.cos(angles)), axis=1).astype(dtype)


class Positions(nn.Module):
    def __init__(self, length: int, dim: int):
        super().__init__()
        self._table = sinusoids(length, dim)

    def __call__(self, x: mx.array) -> mx.array:
        return x + self._table
