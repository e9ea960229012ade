import mlx.core as mx


def head_start(x: mx.array) -> mx.array:
    first = x[:, 0]
    first[...] = mx.full_like(first, 1.0)
    x[:, 0] = first
    return x
