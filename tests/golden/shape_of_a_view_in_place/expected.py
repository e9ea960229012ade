import mlx.core as mx
import mlx.nn as nn


class Stem(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = nn.Linear(4, 4)

    def __call__(self, x: mx.array):
        x = x.transpose(0, 2, 1)  # (B, T, F) => (B, F, T)
        x = mx.expand_dims(x, 1)
        return self.proj(x)


def rows(x: mx.array, y: mx.array):
    x = x[:, 0]
    x = mx.expand_dims(x, -1)
    z = y.swapaxes(0, 1).T
    return x, mx.expand_dims(y[0], 0), z
