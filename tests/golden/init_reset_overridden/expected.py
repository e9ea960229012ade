import mlx.core as mx
import mlx.nn as nn


def _assign(array, value):
    """Writes a value into an array that others hold too, and gives that array."""
    array[...] = value
    return array


class Dense(nn.Linear):
    def __init__(self, n, m, init=lambda x: _assign(x, nn.init.glorot_uniform()(x))):
        self.init = init
        super().__init__(n, m)
        self.reset_parameters()
        self.act = nn.ReLU()

    def reset_parameters(self):
        self.init(self.weight)

    def __call__(self, x):
        return self.act(super().__call__(x))


class Small(nn.Embedding):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.reset_parameters()

    def reset_parameters(self):
        self.weight = nn.init.normal(std=0.02)(self.weight)


class Wide(Dense):
    def __init__(self, n):
        super().__init__(n, 4 * n)

    def reset_parameters(self):
        self.bias = mx.zeros_like(self.bias)
