import math
import mlx.core as mx
import mlx.nn as nn


def _resize_(self, sizes):
    count = math.prod(sizes)
    return mx.concatenate([self.flatten(), mx.zeros(count, dtype=self.dtype)])[:count].reshape(sizes)


def _normal_(self, mean, std):
    return mx.random.normal(self.shape, dtype=self.dtype, loc=mean, scale=std)


def _resize__2(self, sizes):
    size = sizes[0]
    count = math.prod(size)
    return mx.concatenate([self.flatten(), mx.zeros(count, dtype=self.dtype)])[:count].reshape(size)


class Direction(nn.Module):
    def __init__(self, size: int):
        super().__init__()
        self.u = mx.zeros(0)
        self.freeze(keys=["u"], recurse=False)
        self.u = _normal_(_resize_(self.u, (size,)), 0, 1)

    def __call__(self, x: mx.array) -> mx.array:
        mask = mx.full_like(_resize__2(mx.zeros((0,), dtype=x.dtype), ((x.shape[1], 1),)), 2.0)
        return (x @ mask).sum() + x @ self.u
