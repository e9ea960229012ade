import math
import mlx.core as mx
import mlx.nn as nn


class Products(nn.Module):
    def __init__(self, pairs, dim, kind="matrix"):
        super().__init__()
        shape = (dim, pairs, dim) if kind == "matrix" else (pairs, dim)
        self.kernel = mx.zeros(shape)
        self.kernel = mx.moveaxis(nn.init.glorot_uniform()(mx.moveaxis(self.kernel, 1, -1)), -1, 1)
        self.kernel = mx.moveaxis(nn.init.he_normal()(mx.moveaxis(self.kernel, 1, -1), mode="fan_out", gain=math.sqrt(2)), -1, 1)

    def __call__(self, p, q):
        return (p * self.kernel).sum(axis=-1) * q
