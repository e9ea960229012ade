import mlx.core as mx
import mlx.nn as nn


def _assign(array, value):
    """Writes a value into an array that others hold too, and gives that array."""
    array[...] = value
    return array


class Dense(nn.Module):
    def __init__(self, n, weight_init=lambda x: _assign(x, nn.init.glorot_uniform()(x)), bias_init=lambda x: _assign(x, mx.zeros_like(x))):
        super().__init__()
        self.weight = mx.zeros((n, n))
        weight_init(self.weight)
        self.bias = mx.zeros(n)
        bias_init(self.bias)

    def __call__(self, x):
        return x @ self.weight + self.bias
