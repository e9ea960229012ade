import mlx.core as mx


def _copy_(self, src):
    return mx.broadcast_to(src, self.shape).astype(self.dtype)


def _with_strided(array, value, size, stride, storage_offset=0):
    """The array with that value in elements so far apart, counted row by row through all of it."""
    places = mx.array(storage_offset)
    for length, step in zip(size, stride):
        places = mx.expand_dims(places, -1) + step * mx.arange(length)
    flat = array.reshape(-1)
    flat[places] = value
    return flat.reshape(array.shape)


def band(w: mx.array, n: int) -> mx.array:
    wide = mx.zeros((n, n + 2))
    wide[...] = _with_strided(wide, _copy_(mx.as_strided(wide,
        (n, 3), (n + 3, 1), 0
    ), w), (n, 3), (n + 3, 1))
    return wide
