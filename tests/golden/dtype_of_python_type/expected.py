import mlx.core as mx


def keep(x: mx.array, n: int) -> mx.array:
    mask = mx.ones(n, dtype=mx.bool_)
    counts = x.astype(mx.int64)
    mask[0] = isinstance(n, int)
    return counts.astype(mx.float32).sum() * mask
