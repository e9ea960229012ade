import mlx.core as mx


def bounded(x: mx.array, limit: int):
    y = mx.tanh(x).astype(mx.float32)
    y[...] = mx.where(y == 0, 1e-6, y)  # so that it can divide
    y[...] = mx.where(y < 0, y * 2, y)
    y[...] = mx.where(y > limit, limit, y)
    return x / y
