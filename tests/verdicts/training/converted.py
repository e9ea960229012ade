"""What a model keeps and what it only does in training."""

import mlx.core as mx
import mlx.nn as nn


class Tracked(nn.Module):
    def __init__(self, dim=8, decay=0.9):
        super().__init__()
        self.decay = decay
        self.proj = nn.Linear(dim, dim)
        self.norm = BatchNorm(dim, momentum=0.3)
        self.drop = nn.Dropout(0.25)
        self.average = mx.zeros(dim)
        self.calls = mx.array(0)
        self.freeze(keys=["average", "calls"], recurse=False)

    def __call__(self, x):
        y = self.norm(self.proj(x))
        if self.training:
            self.average = self.average * self.decay + mx.stop_gradient(y.mean(0)) * (1 - self.decay)
            self.calls = self.calls + 1
        target = mx.stop_gradient(self.drop(y))
        return (y - self.average) * 2 + target


class BatchNorm(nn.Module):
    """Normalises by a batch in training, by running statistics otherwise; their variance is unbiased."""

    def __init__(self, dim, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps = eps
        self.momentum = momentum
        self.weight = mx.ones(dim)
        self.bias = mx.zeros(dim)
        self.running_mean = mx.zeros(dim)
        self.running_var = mx.ones(dim)
        self.num_batches_tracked = mx.array(0)
        self.freeze(keys=["running_mean", "running_var", "num_batches_tracked"], recurse=False)

    def __call__(self, x):
        mean, variance = self.running_mean, self.running_var
        if self.training:
            mean, variance = x.mean(0), x.var(0)
            n = x.shape[0]
            keep = 1 - self.momentum
            self.running_mean = keep * self.running_mean + self.momentum * mx.stop_gradient(mean)
            self.running_var = keep * self.running_var + self.momentum * mx.stop_gradient(variance) * (n / (n - 1))
            self.num_batches_tracked = self.num_batches_tracked + 1
        return (x - mean) * mx.rsqrt(variance + self.eps) * self.weight + self.bias
