import mlx.core as mx


def move(x: mx.array, other: mx.array) -> mx.array:
    # beside the other
    return x + other
