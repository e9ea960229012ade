import mlx.core as mx


def widen(x: mx.array, heads: int) -> mx.array:
    b, n, d = x.shape
    y = mx.broadcast_to(x[:, None], (b, heads, n, d))
    w = mx.tile(x, (1, heads, 1))  # `tile` in MLX
    v = mx.repeat(x, heads, axis=0)
    return y, w, v
