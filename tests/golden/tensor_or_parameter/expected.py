import mlx.core as mx
import mlx.nn as nn


class Bias(nn.Module):
    def __init__(self, n, fixed=False):
        super().__init__()
        if fixed:
            object.__setattr__(self, "bias", mx.zeros((n, n)))  # never trained
        else:
            self.bias = mx.ones((n, n))

    def __call__(self, x):
        return x @ mx.exp(self.bias)
