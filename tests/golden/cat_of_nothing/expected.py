import mlx.core as mx
import mlx.nn as nn


def _cat(tensors, dim):
    return mx.concatenate([tensor for tensor in tensors if tensor.shape != (0,)] or tensors, axis=dim)


def _cat_2(tensors):
    return mx.concatenate([tensor for tensor in tensors if tensor.shape != (0,)] or tensors)


class A(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc = nn.Linear(dim, dim)

    def __call__(self, x):
        out = mx.array([])
        for i in range(3):
            x = self.fc(x)
            out = _cat((out, x), 1)
        return out


class B(nn.Module):
    def __call__(self, x, start):
        left = x[:start]
        return mx.concatenate((left, x.reshape(2, -1)), axis=-1)


def gathered(rows, width):
    out = mx.zeros(0)
    for row in rows:
        out = _cat_2([out, row.reshape(1, width)])
    return out


class Gathered(nn.Module):
    def __init__(self, dim, depth):
        super().__init__()
        self.layers = [nn.Linear(dim, dim) for _ in range(depth)]

    def __call__(self, x):
        collected = mx.zeros(0, dtype=mx.float32)
        for layer in self.layers:
            collected = _cat((collected, mx.expand_dims(layer(x), 1)), 1)
        return collected + -1 * collected * mx.expand_dims(x, 1)
