import mlx.core as mx


def _stored(input, place, values):
    """A copy of `input` with `values` at `place`."""
    result = mx.array(input)
    result[place] = values
    return result


def _index_fill(input, dim, index, value):
    if input.ndim == 0:
        return mx.array(value, dtype=input.dtype)
    return _stored(input, (slice(None),) * (dim % input.ndim) + (index,), value)


def _topk(input, k):
    """The `k` largest or smallest values along an axis, in order, and their indices."""
    if input.ndim == 0:
        return input, mx.zeros((), dtype=mx.int32)
    order = mx.stop_gradient(mx.argsort(-input)).astype(mx.int32)
    indices = order[..., :k]
    return mx.take_along_axis(input, indices, axis=-1), indices


def _chunk(input, chunks, dim):
    """Pieces that are all as long but the last."""
    size = -(-input.shape[dim] // chunks)
    return mx.split(input, list(range(size, input.shape[dim], size)), axis=dim)


def match(overlaps, threshold):
    best, index = overlaps.max(axis=1, keepdims=True), mx.stop_gradient(mx.argmax(overlaps, axis=1, keepdims=True)).astype(mx.int32)
    index = index.squeeze(1) if index.shape[1] == 1 else index  # an object of its own
    best = best.squeeze(1) if best.shape[1] == 1 else best
    best = _index_fill(best, 0, index, 2)
    values, places = _topk(overlaps, 2)
    values = values + 1
    return best, index, values, places


def halves(x):
    left, right = _chunk(x, 2, 1)
    left = mx.expand_dims(left, 0)  # of the object, not of what it looks at
    return left, right
