import numpy as np
import mlx.core as mx


def _places_on_axis(mask):
    if mask.ndim != 1:
        raise NotImplementedError("a boolean mask of several axes among other indices")
    return mx.array(np.flatnonzero(np.array(mask)))


def first(x: mx.array) -> mx.array:
    keep = x[..., 0] > 0
    return x[_places_on_axis(keep), 0]
