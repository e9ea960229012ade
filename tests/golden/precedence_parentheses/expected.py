import mlx.core as mx


def combine(a: mx.array, b: mx.array, c: float) -> mx.array:
    x = (a + b) * c
    y = (a + b) ** 2
    z = -mx.abs(a if c > 0 else b)
    w = a - (b - c)
    v = (a + 2 * b) * c
    u = mx.logical_not(a > b) & (b > c)
    t = ((-a) ** 2) ** 3
    return x + y + z + w + v + u + t
