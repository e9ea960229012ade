import mlx.core as mx
import mlx.nn as nn


def _batch_norm(x, mean, var, weight, bias):
    """Normalises each channel (axis 1) with the given statistics, or with the batch's own."""
    x = (x - mean.reshape(-1, *[1] * (x.ndim - 2))) * mx.rsqrt(var.reshape(-1, *[1] * (x.ndim - 2)) + 1e-5)
    x = x * weight.reshape(-1, *[1] * (x.ndim - 2))
    x = x + bias.reshape(-1, *[1] * (x.ndim - 2))
    return x


def _batch_norm_with_statistics(x, mean, var, weight, bias, training, momentum):
    """Batch norm that in training moves the running statistics in place; the variance without bias, as torch keeps it."""
    if training:
        axes = [0, *range(2, x.ndim)]
        mean[...] = (1 - momentum) * mean + momentum * mx.stop_gradient(x.mean(axes))
        var[...] = (1 - momentum) * var + momentum * mx.stop_gradient(x.var(axes, ddof=1))
        mean = x.mean(axes)
        var = x.var(axes)
    return _batch_norm(x, mean, var, weight, bias)


class Norm(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.weight = mx.ones(dim)
        self.bias = mx.zeros(dim)
        self.running_mean = mx.zeros(dim)
        self.freeze(keys=["running_mean"], recurse=False)
        self.running_var = mx.ones(dim)
        self.freeze(keys=["running_var"], recurse=False)

    def __call__(self, x):
        return _batch_norm_with_statistics(x, self.running_mean, self.running_var, self.weight, self.bias, self.training, 0.1)
