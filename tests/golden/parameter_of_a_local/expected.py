import mlx.core as mx
import mlx.nn as nn


class Cell(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.add_weight("leak", mx.zeros(dim))
        self.add_weight("mask", mx.ones(dim), requires_grad=False)
        scale = mx.full((dim,), 2.0)
        self.scale = scale
        self.freeze(keys=["scale"], recurse=False)

    def add_weight(self, name, value, requires_grad=True):
        param = mx.stop_gradient(value)
        setattr(self, name, param)
        if not requires_grad:
            self.freeze(keys=[name], recurse=False)
        return param

    def __call__(self, x):
        return x * self.leak * self.mask * self.scale
