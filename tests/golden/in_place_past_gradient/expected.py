import mlx.core as mx
import mlx.nn as nn


def _with_value(x, value):
    """The value with the gradient of `x`, as after a write to PyTorch's `x.data`."""
    return mx.where(value == x, x, x + mx.stop_gradient(value - x)).astype(x.dtype)


class Gate(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.lin = nn.Linear(dim, dim)

    def __call__(self, x, mask):
        y = self.lin(x)
        y = _with_value(y, mx.where(mask, 3.0, y))  # the gradient passes
        y = _with_value(y, y * 2)
        kept = mx.stop_gradient(x * 2)
        kept = kept + 1
        return y * y + kept
