import numpy as np
import mlx.core as mx


def _places_of_mask(mask):
    places = []
    for axis in np.nonzero(np.array(mask)):
        places.append(mx.array(axis))
    return tuple(places)


def positive(x: mx.array) -> mx.array:
    keep = x > 0
    return x[_places_of_mask(keep)]


def rows(x: mx.array, first: int) -> mx.array:
    keep = mx.arange(x.shape[0]) > first
    x[mx.array(np.flatnonzero(np.array(keep))), 0] += 1
    return x[mx.array(np.flatnonzero(np.array(keep)))].mean(axis=0)
