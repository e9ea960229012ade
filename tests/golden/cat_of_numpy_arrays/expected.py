import numpy as np
import mlx.core as mx


def _cat(tensors):
    return mx.concatenate([tensor for tensor in tensors if tensor.shape != (0,)] or tensors)


def basis(t, p: int):
    half = p // 2
    cosines = mx.array(np.array([np.cos(2 * np.pi * i * t) for i in range(half)])).astype(mx.float32)
    sines = mx.array(np.array([np.sin(2 * np.pi * i * t) for i in range(p - half)])).astype(mx.float32)
    return _cat([cosines, sines])
