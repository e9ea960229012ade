import mlx.core as mx


def whole(x: mx.array, dtype=mx.float32) -> mx.array:
    return x.astype(mx.int64).astype(dtype)


def named(x: mx.array, y: mx.array) -> mx.array:
    if x.dtype == mx.float16:
        x = x.astype(mx.float32)
    return mx.arange(3).astype(x.dtype) + (x + y).astype(y.dtype)
