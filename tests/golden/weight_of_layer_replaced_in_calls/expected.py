import mlx.core as mx
import mlx.nn as nn


def _length(x, axis):
    """The 2-norm; at zero its gradient is zero, as in PyTorch, where that of `mx.linalg.norm` is NaN."""
    squared = mx.square(mx.abs(x)).sum(axis=axis, keepdims=True)
    return mx.where(squared == 0, 0, mx.sqrt(mx.where(squared == 0, 1, squared)))


def _power_norm(x, p, axis):
    """The p-norm; where values are zero its gradient is zero, as in PyTorch."""
    zero = x == 0
    none = mx.inf if p < 0 else 0
    total = mx.where(zero, none, mx.where(zero, 1, mx.abs(x)) ** p).sum(axis=axis, keepdims=True)
    return mx.where(total == none, 0, mx.where(total == none, 1, total) ** (1 / p))


def _norm(x, p, dim):
    if p == 2:
        return _length(x, dim)
    if p == mx.inf:
        return mx.abs(x).max(axis=dim, keepdims=True)
    if p == -mx.inf:
        return mx.abs(x).min(axis=dim, keepdims=True)
    if p == 0:
        return (x != 0).astype(x.dtype).sum(axis=dim, keepdims=True)
    return _power_norm(x, p, dim)


def _renorm(input, p, dim, maxnorm):
    axes = [axis for axis in range(input.ndim) if axis != dim % input.ndim]
    lengths = _norm(input, p, axes)
    return mx.where(lengths > maxnorm, input * (maxnorm / (lengths + 1e-7)), input)


class Bounded(nn.Linear):
    """A layer whose rows never grow beyond a norm; its weight stays what is trained."""

    def __init__(self, *args, max_norm=1.0, **kwargs):
        self.max_norm = max_norm
        super().__init__(*args, **kwargs)

    def __call__(self, x):
        self.weight = mx.stop_gradient(_renorm(mx.stop_gradient(self.weight), 2, 0, self.max_norm)) + (self.weight - mx.stop_gradient(self.weight))
        return super().__call__(x)
