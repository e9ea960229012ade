"""The author has an `mx` and an `nn` of their own."""

import mlx.core as mx_


def _axes(input, dim):
    if input.ndim == 0 or dim in ((), []):
        return None
    return dim


def reduce(x: mx_.array, mx: int):
    nn = x.mean(axis=_axes(x, mx), keepdims=True)
    return mx_.exp(x - nn)
