import mlx.core as mx
import mlx.nn as nn


class FloatFunctional(nn.Module):
    """Arithmetic as methods, which PyTorch can quantize by replacing this module."""

    def add(self, x, y):
        return x + y

    def add_scalar(self, x, y):
        return x + y

    def mul(self, x, y):
        return x * y

    def mul_scalar(self, x, y):
        return x * y

    def cat(self, x, dim=0):
        return mx.concatenate(x, axis=dim)

    def add_relu(self, x, y):
        return nn.relu(x + y)

    def matmul(self, x, y):
        return x @ y


class Block(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.quant = nn.Identity()
        self.proj = nn.Linear(dim, dim)
        self.dequant = nn.Identity()
        self.arithmetic = FloatFunctional()

    def __call__(self, x):
        x = self.quant(x)
        x = self.arithmetic.add_relu(x, self.proj(x))
        y = self.arithmetic.cat([x, self.arithmetic.mul_scalar(x, 2.0)], dim=1)
        return self.dequant(y)
