import numpy as np
import mlx.core as mx


def _places_of_mask(mask):
    places = []
    for axis in np.nonzero(np.array(mask)):
        places.append(mx.array(axis))
    return tuple(places)


def first(x: mx.array) -> mx.array:
    keep = x[..., 0] > 0
    return x[*_places_of_mask(keep), 0]


def of_pixels() -> mx.array:
    x = mx.random.normal((2, 3, 4))
    keep = x[0] > 0
    columns = x[0, 0] > 0
    x[..., mx.array(np.flatnonzero(np.array(columns)))] = 1.0
    return x[:, *_places_of_mask(keep)]
