import mlx.core as mx
import mlx.nn as nn


class Gate(nn.Module):
    def __init__(self, dim, outer=()):
        super().__init__()
        self.w = mx.random.normal((*outer, dim, 3))

    def __call__(self, x):
        return x @ self.w


class A(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.gate = Gate(dim)
        self.other = Gate(dim, outer=(2,))

    def __call__(self, x):
        return self.gate(x) + self.other(x).sum(axis=0)
