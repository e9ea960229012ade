"""The author has an `mx` and an `nn` of their own."""

import mlx.core as mx_


def reduce(x: mx_.array, mx: int):
    nn = x.mean(axis=mx, keepdims=True)
    return mx_.exp(x - nn)
