import mlx.core as mx
import mlx.nn as nn


class Hardsigmoid(nn.Module):
    """The straight line through (0, 1/2) with slope 1/6, limited to [0, 1]."""

    def __call__(self, x):
        return mx.clip(x / 6 + 0.5, 0, 1)


class Dropout2d(nn.Module):
    """Zeroes whole channels of (batch, channels, height, width) with probability p, in training."""

    def __init__(self, p: float = 0.5):
        super().__init__()
        self.p = p

    def __call__(self, x):
        if not self.training or self.p == 0:
            return x
        return x * mx.random.bernoulli(1 - self.p, (*x.shape[:2], *[1] * (x.ndim - 2))) / (1 - self.p)


class ELU(nn.Module):
    """x where it is positive, else alpha * (exp(x) - 1); unlike `nn.elu`, its gradient does not overflow."""

    def __init__(self, alpha: float = 1.0):
        super().__init__()
        self.alpha = alpha

    def __call__(self, x):
        return mx.where(x > 0, x, self.alpha * mx.expm1(mx.minimum(0, x)))


class SELU(nn.Module):
    """The self-normalising exponential unit; unlike `nn.selu`, its gradient does not overflow."""

    def __call__(self, x):
        return 1.0507009873554805 * mx.where(x > 0, x, 1.6732632423543772 * mx.expm1(mx.minimum(0, x)))


class Hardtanh(nn.Module):
    """Limits values to [min_val, max_val]."""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0):
        super().__init__()
        self.min_val = min_val
        self.max_val = max_val

    def __call__(self, x):
        return nn.hard_tanh(x, self.min_val, self.max_val)


class RReLU(nn.Module):
    """Leaky ReLU whose slopes are drawn from [lower, upper] in training and are their mean otherwise."""

    def __init__(self, lower: float = 1.0 / 8, upper: float = 1.0 / 3):
        super().__init__()
        self.lower = lower
        self.upper = upper

    def __call__(self, x):
        slope = (self.lower + self.upper) / 2
        if self.training:
            slope = mx.random.uniform(self.lower, self.upper, x.shape)
        return mx.where(x >= 0, x, slope * x)


class Threshold(nn.Module):
    """Replaces values up to `threshold` by `value`."""

    def __init__(self, threshold: float, value: float):
        super().__init__()
        self.threshold = threshold
        self.value = value

    def __call__(self, x):
        return mx.where(x > self.threshold, x, self.value)


class Dropout3d(nn.Module):
    """Zeroes whole channels of (batch, channels, depth, height, width) with probability p, in training."""

    def __init__(self, p: float = 0.5):
        super().__init__()
        self.p = p

    def __call__(self, x):
        if not self.training or self.p == 0:
            return x
        return x * mx.random.bernoulli(1 - self.p, (*x.shape[:-3], 1, 1, 1)) / (1 - self.p)


def _alpha_dropout(x, p, shape):
    """Drops values to SELU's lower limit with probability p, and keeps mean and variance; `shape` is that of the mask."""
    limit = -1.7580993408473766
    if p == 1:
        return mx.zeros_like(x)
    scale = ((1 - p) * (1 + p * limit**2)) ** -0.5
    return mx.where(mx.random.bernoulli(1 - p, shape), x, limit) * scale - scale * limit * p


class AlphaDropout(nn.Module):
    """Drops values to SELU's lower limit with probability p, in training, and keeps mean and variance."""

    def __init__(self, p: float = 0.5):
        super().__init__()
        self.p = p

    def __call__(self, x):
        return _alpha_dropout(x, self.p, x.shape) if self.training and self.p > 0 else x


class FeatureAlphaDropout(nn.Module):
    """Drops whole channels to SELU's lower limit with probability p, in training, and keeps mean and variance."""

    def __init__(self, p: float = 0.5):
        super().__init__()
        self.p = p

    def __call__(self, x):
        shape = (*x.shape[:2], *[1] * (x.ndim - 2))
        return _alpha_dropout(x, self.p, shape) if self.training and self.p > 0 else x


class Dropout1d(nn.Module):
    """Zeroes whole channels of (batch, channels, length) with probability p, in training."""

    def __init__(self, p: float = 0.5):
        super().__init__()
        self.p = p

    def __call__(self, x):
        if not self.training or self.p == 0:
            return x
        return x * mx.random.bernoulli(1 - self.p, (*x.shape[:-1], 1)) / (1 - self.p)


class A(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = Hardsigmoid()
        self.b = nn.Hardswish()
        self.c = Dropout2d(0.1)
        self.d = nn.Dropout(0.1)
        self.e = nn.ReLU6()
        self.f = ELU(1.0)
        self.g = SELU()
        self.h = nn.CELU(1.0)
        self.i = nn.SiLU()
        self.j = nn.Mish()
        self.k = Hardtanh(-1.0, 1.0)
        self.l = nn.LeakyReLU(0.1)
        self.m = RReLU(0.1, 0.3)
        self.n = Threshold(0.1, 20)
        self.o = Dropout3d(0.1)
        self.p = AlphaDropout(0.1)
        self.q = FeatureAlphaDropout(0.1)
        self.r = Dropout1d(0.1)
        self.s = nn.ReLU()
        self.t = nn.Hardswish()
        self.u = Hardsigmoid()
