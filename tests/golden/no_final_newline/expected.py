import mlx.core as mx


def double(x: mx.array) -> mx.array:
    return x + x