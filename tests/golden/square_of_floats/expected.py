import mlx.core as mx


def mean_square(x: mx.array):
    return mx.square(x.astype(mx.float32)).mean(axis=-1, keepdims=True)


def other_powers(x: mx.array, n: int):
    """Of a truth value the square is a whole number; other exponents stay."""
    return x ** 2, x.astype(mx.float32) ** 3, x.astype(mx.float32) ** n
