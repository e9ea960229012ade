import mlx.core as mx
import mlx.nn as nn


class Positions(nn.Module):
    def __init__(self, dim, length):
        super().__init__()
        angles = mx.expand_dims(mx.arange(length), 1) / 10 ** (mx.arange(0, dim, 2) / dim)
        table = mx.zeros((length, dim))
        table[:, 0::2] = mx.sin(angles)
        table[:, 1::2] = mx.cos(angles)
        self.table = table
        self.freeze(keys=["table"], recurse=False)

    def __call__(self, x):
        return x + self.table[: x.shape[1]]
