import mlx.core as mx


def _deviation(variance):
    """Its root; where it is 0 so is its gradient, as in PyTorch, where that of MLX's `std` is NaN."""
    constant = variance == 0
    return mx.where(constant, 0, mx.sqrt(mx.where(constant, 1, variance)))


def _length(x, axis):
    """The 2-norm; at zero its gradient is zero, as in PyTorch, where that of `mx.linalg.norm` is NaN."""
    squared = mx.square(mx.abs(x)).sum(axis=axis, keepdims=False)
    return mx.where(squared == 0, 0, mx.sqrt(mx.where(squared == 0, 1, squared)))


def moments(x: mx.array):
    mean = x.mean(axis=-1, keepdims=True)
    total = x.sum(axis=(1, 2))
    unbiased = x.var(axis=-1, ddof=1)  # divides by n - 1
    biased = x.var(axis=-1)
    spread = _deviation(x.var(axis=0, keepdims=True, ddof=1))
    order = mx.stop_gradient(mx.argmax(x, axis=-1)).astype(mx.int32)
    return mean, total, unbiased, biased, spread, order, _length(x, -1), mx.cumsum(x, axis=1)
