import mlx.core as mx


def tables(n: int, x: mx.array):
    zeros = mx.zeros((n, 4), dtype=x.dtype)
    ones = mx.ones((n, 4))
    like = mx.zeros_like(x)
    steps = mx.arange(n)
    halves = mx.arange(0, n, 2, dtype=mx.float32)
    line = mx.linspace(0, 1, n)
    filled = mx.full((n,), 2.0)
    literal = mx.array([1.0, 2.0])
    causal = mx.tril(mx.ones((n, n), dtype=mx.bool_))
    mask = mx.triu(mx.ones((n, n)), k=1).astype(mx.bool_)
    return zeros, ones, like, steps, halves, line, filled, literal, causal, mask
