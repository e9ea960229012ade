import numpy as np
import mlx.core as mx


def parts(x: mx.array, sizes: list[int], dim: int):
    # a number is the size of a piece in PyTorch, the number of pieces in MLX
    a, b = mx.split(x, [2], axis=-1)
    q, k, v = mx.split(x, [dim, dim + dim], axis=-1)
    return a, b, q, k, v, mx.split(x, list(range(4, x.shape[1], 4)), axis=1), mx.split(x, np.cumsum(sizes)[:-1].tolist())


def named(x: mx.array):
    return mx.split(x, [2], axis=-1)
