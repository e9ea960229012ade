"""Activation modules of torch.nn. Where MLX's class computes the same, it is used; `inplace` has no meaning here."""

from mlxify.catalogue import *


@module("torch.nn.ReLU")
def ReLU(inplace=False):
    return nn.ReLU()


@module("torch.nn.GELU")
def GELU(approximate="none"):
    if approximate == "tanh":
        return nn.GELU(approx="tanh")
    return nn.GELU()


@module("torch.nn.SiLU")
def SiLU(inplace=False):
    return nn.SiLU()


@module("torch.nn.Tanh")
def Tanh():
    return nn.Tanh()


@module("torch.nn.Sigmoid")
def Sigmoid():
    return nn.Sigmoid()


@module("torch.nn.ReLU6")
def ReLU6(inplace=False):
    return nn.ReLU6()


@module("torch.nn.Mish")
def Mish(inplace=False):
    return nn.Mish()


@module("torch.nn.Hardswish")
def Hardswish(inplace=False):
    return nn.Hardswish()


@module("torch.nn.Softsign")
def Softsign():
    return nn.Softsign()


@module("torch.nn.LogSigmoid")
def LogSigmoid():
    return nn.LogSigmoid()


@module("torch.nn.Softshrink")
def Softshrink(lambd=0.5):
    return nn.Softshrink(lambd)


@module("torch.nn.Hardshrink")
def Hardshrink(lambd=0.5):
    return nn.HardShrink(lambd)


@module("torch.nn.GLU")
def GLU(dim=-1):
    return nn.GLU(axis=dim)


# `nn.LeakyReLU` is max(slope * x, x): right for slopes up to 1 only.
@module("torch.nn.LeakyReLU")
def LeakyReLU(negative_slope=0.01, inplace=False):
    if known(negative_slope > 1) and negative_slope > 1:
        refuse("MLX's leaky ReLU wants a slope of at most 1")
    return nn.LeakyReLU(negative_slope)


@module("torch.nn.CELU", trap="gradients of branches")
def CELU(alpha=1.0, inplace=False):
    return nn.CELU(alpha)


@definition("torch.nn.ELU", trap="gradients of branches")
class ELU(nn.Module):
    """x where it is positive, else alpha * (exp(x) - 1); unlike `nn.elu`, its gradient does not overflow."""

    def __init__(self, alpha: float = 1.0):
        super().__init__()
        self.alpha = alpha

    def __call__(self, x):
        return mx.where(x > 0, x, self.alpha * mx.expm1(mx.minimum(0, x)))


@definition("torch.nn.SELU", trap="gradients of branches")
class SELU(nn.Module):
    """The self-normalising exponential unit; unlike `nn.selu`, its gradient does not overflow."""

    def __call__(self, x):
        return 1.0507009873554805 * mx.where(x > 0, x, 1.6732632423543772 * mx.expm1(mx.minimum(0, x)))


# Beyond torch's threshold of 20 the two agree in float32.
@module("torch.nn.Softplus")
def make_softplus(beta=1.0, threshold=20.0):
    if known(beta == 1 and threshold >= 20) and beta == 1 and threshold >= 20:
        return nn.Softplus()
    return Softplus(beta, threshold)


@definition("mlxify.torch.nn.Softplus")
class Softplus(nn.Module):
    """log(1 + exp(beta * x)) / beta, and x itself where beta * x exceeds the threshold."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0):
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def __call__(self, x):
        return mx.where(x * self.beta > self.threshold, x, nn.softplus(x * self.beta) / self.beta)


@definition("torch.nn.Softmax", trap="omitted axis")
class ImplicitSoftmax(nn.Module):
    """Softmax along one axis; if none is given, along the first of 0, 1 or 3 axes and the second of others."""

    def __init__(self, dim=None):
        super().__init__()
        self.dim = dim

    def __call__(self, x):
        implicit = 0 if x.ndim in (0, 1, 3) else 1
        return mx.softmax(x, axis=implicit if self.dim is None else self.dim)


@definition("torch.nn.Softmax", argument="dim", trap="omitted axis")
class Softmax(nn.Module):
    """Softmax along one axis."""

    def __init__(self, dim: int):
        super().__init__()
        self.dim = dim

    def __call__(self, x):
        return mx.softmax(x, axis=self.dim)


@definition("torch.nn.Softmin")
class ImplicitSoftmin(nn.Module):
    """Softmax of the negated values along one axis; if none is given, along the first of 0, 1 or 3 axes and the second of others."""

    def __init__(self, dim=None):
        super().__init__()
        self.dim = dim

    def __call__(self, x):
        implicit = 0 if x.ndim in (0, 1, 3) else 1
        return mx.softmax(-x, axis=implicit if self.dim is None else self.dim)


@definition("torch.nn.Softmin", argument="dim")
class Softmin(nn.Module):
    """Softmax of the negated values along one axis."""

    def __init__(self, dim: int):
        super().__init__()
        self.dim = dim

    def __call__(self, x):
        return mx.softmax(-x, axis=self.dim)


@definition("torch.nn.LogSoftmax", trap="omitted axis")
class ImplicitLogSoftmax(nn.Module):
    """The logarithm of softmax along one axis; if none is given, along the first of 0, 1 or 3 axes and the second of others."""

    def __init__(self, dim=None):
        super().__init__()
        self.dim = dim

    def __call__(self, x):
        implicit = 0 if x.ndim in (0, 1, 3) else 1
        return nn.log_softmax(x, axis=implicit if self.dim is None else self.dim)


@definition("torch.nn.LogSoftmax", argument="dim", trap="omitted axis")
class LogSoftmax(nn.Module):
    """The logarithm of softmax along one axis."""

    def __init__(self, dim: int):
        super().__init__()
        self.dim = dim

    def __call__(self, x):
        return nn.log_softmax(x, axis=self.dim)


@definition("torch.nn.Softmax2d")
class Softmax2d(nn.Module):
    """Softmax over the channels of (batch, channels, height, width)."""

    def __call__(self, x):
        return mx.softmax(x, axis=-3)


@definition("torch.nn.Hardtanh", trap="gradients at bounds")
class Hardtanh(nn.Module):
    """Limits values to [min_val, max_val]."""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0):
        super().__init__()
        self.min_val = min_val
        self.max_val = max_val

    def __call__(self, x):
        return nn.hard_tanh(x, self.min_val, self.max_val)


@definition("torch.nn.Hardsigmoid")
class Hardsigmoid(nn.Module):
    """The straight line through (0, 1/2) with slope 1/6, limited to [0, 1]."""

    def __call__(self, x):
        return mx.clip(x / 6 + 0.5, 0, 1)


@definition("torch.nn.Tanhshrink")
class Tanhshrink(nn.Module):
    """What tanh takes away: x - tanh(x)."""

    def __call__(self, x):
        return x - mx.tanh(x)


@definition("torch.nn.Threshold")
class Threshold(nn.Module):
    """Replaces values up to `threshold` by `value`."""

    def __init__(self, threshold: float, value: float):
        super().__init__()
        self.threshold = threshold
        self.value = value

    def __call__(self, x):
        return mx.where(x > self.threshold, x, self.value)


@definition("torch.nn.PReLU")
class PReLU(nn.Module):
    """Leaky ReLU with a learned slope, one for all or one per channel (axis 1)."""

    def __init__(self, num_parameters: int = 1, init: float = 0.25):
        super().__init__()
        self.weight = mx.full((num_parameters,), init)

    def __call__(self, x):
        return mx.where(x > 0, x, self.weight.reshape([-1, *[1] * (x.ndim - 2)][: x.ndim]) * x)


@definition("torch.nn.RReLU")
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


# A layer that writes over what it is given, for whoever holds that too.
@definition("mlxify.layer_in_place")
def _in_place(layer, inplace=True):
    """An activation that writes its result over its input, as PyTorch's does with `inplace=True`."""

    class InPlace(type(layer)):
        def __call__(self, x):
            x[...] = super().__call__(x)
            return x

    if inplace:
        layer.__class__ = InPlace
    return layer
