"""Dropout modules of torch.nn."""

from catalogue.torch.functional_attention import _alpha_dropout

from mlxify.catalogue import *


# `nn.Dropout` draws the same mask as torch: one Bernoulli number per value, 1 with probability 1 - p.
@module("torch.nn.Dropout", trap="random numbers")
def Dropout(p=0.5, inplace=False):
    if known(p == 1) and p == 1:
        refuse("MLX's dropout wants a probability below 1")
    return nn.Dropout(p)


@attribute("torch.nn.Dropout.p")
def p(self):
    return 1 - self._p_1


@definition("torch.nn.Dropout1d", trap="random numbers")
class Dropout1d(nn.Module):
    """Zeroes whole channels of (batch, channels, length) with probability p, in training."""

    def __init__(self, p: float = 0.5):
        super().__init__()
        self.p = p

    def __call__(self, x):
        if not self.training or self.p == 0:
            return x
        return x * mx.random.bernoulli(1 - self.p, (*x.shape[:-1], 1)) / (1 - self.p)


@definition("torch.nn.Dropout2d", trap="random numbers")
class Dropout2d(nn.Module):
    """Zeroes whole channels of (batch, channels, height, width) with probability p, in training."""

    def __init__(self, p: float = 0.5):
        super().__init__()
        self.p = p

    def __call__(self, x):
        if not self.training or self.p == 0:
            return x
        return x * mx.random.bernoulli(1 - self.p, (*x.shape[:2], *[1] * (x.ndim - 2))) / (1 - self.p)


@definition("torch.nn.Dropout3d")
class Dropout3d(nn.Module):
    """Zeroes whole channels of (batch, channels, depth, height, width) with probability p, in training."""

    def __init__(self, p: float = 0.5):
        super().__init__()
        self.p = p

    def __call__(self, x):
        if not self.training or self.p == 0:
            return x
        return x * mx.random.bernoulli(1 - self.p, (*x.shape[:-3], 1, 1, 1)) / (1 - self.p)


@definition("torch.nn.AlphaDropout")
class AlphaDropout(nn.Module):
    """Drops values to SELU's lower limit with probability p, in training, and keeps mean and variance."""

    def __init__(self, p: float = 0.5):
        super().__init__()
        self.p = p

    def __call__(self, x):
        return _alpha_dropout(x, self.p, x.shape) if self.training and self.p > 0 else x


@definition("torch.nn.FeatureAlphaDropout")
class FeatureAlphaDropout(nn.Module):
    """Drops whole channels to SELU's lower limit with probability p, in training, and keeps mean and variance."""

    def __init__(self, p: float = 0.5):
        super().__init__()
        self.p = p

    def __call__(self, x):
        shape = (*x.shape[:2], *[1] * (x.ndim - 2))
        return _alpha_dropout(x, self.p, shape) if self.training and self.p > 0 else x
