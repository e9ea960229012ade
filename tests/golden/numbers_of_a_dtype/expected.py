# mlxify: Guarded()(f32[2, 4])
import mlx.core as mx
import mlx.nn as nn


class Guarded(nn.Module):
    def __call__(self, x):
        limits = mx.finfo(x.dtype)
        if not mx.issubdtype(x.dtype, mx.floating) or x.dtype.size > 4 or mx.iinfo(mx.int32).dtype.size * 8 != 32:
            raise TypeError("floats are wanted")
        return x / mx.maximum(mx.abs(x), mx.finfo(mx.float32).smallest_normal) + limits.smallest_normal + limits.eps
