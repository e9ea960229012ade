import mlx.core as mx


def codes(x: mx.array, n: int):
    m = x.max() + 1
    a = (mx.expand_dims(x, -1) == mx.arange(int(m))).astype(mx.int32)
    b = (mx.expand_dims(x, -1) == mx.arange(int(max(m, n)))).astype(mx.int32)
    c = (mx.expand_dims(x, -1) == mx.arange(n)).astype(mx.int32)
    g = mx.zeros(int(m), dtype=x.dtype)
    return a, b, c, g
