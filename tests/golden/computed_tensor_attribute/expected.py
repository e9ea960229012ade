import mlx.core as mx
import mlx.nn as nn


def table(length, dim):
    angles = mx.arange(length)[:, None] * mx.arange(dim)[None]
    return angles.astype(mx.float32)


class Net(nn.Module):
    def __init__(self, length, dim):
        super().__init__()
        self._table = table(length, dim)
        self._places = mx.arange(length) + 1
        self.scale = mx.ones(dim)

    def __call__(self, x):
        return x * self.scale + self._table + self._places[:, None]
