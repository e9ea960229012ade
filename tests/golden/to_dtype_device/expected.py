import mlx.core as mx


def move(x: mx.array, other: mx.array) -> mx.array:
    x = x.astype(mx.bfloat16)
    x = x.astype(mx.float16)
    x = x.astype(other.dtype)
    x = x.astype(mx.float32).astype(other.dtype)
    mask = mx.zeros(4, dtype=mx.bool_)
    return x * mask.astype(x.dtype)
