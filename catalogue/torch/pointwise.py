"""Functions of one tensor, value by value."""

from catalogue.torch.scalars import _axis

from mlxify.catalogue import *


@rule("torch.abs", "torch.absolute", "torch.Tensor.abs", "torch.Tensor.absolute")
def absolute(input):
    return mx.abs(input)


@rule("torch.neg", "torch.negative", "torch.Tensor.neg", "torch.Tensor.negative")
def negative(input):
    return -input


@rule("torch.positive", "torch.Tensor.positive")
def positive(input):
    return input


@rule("torch.exp", "torch.Tensor.exp")
def exp(input):
    return mx.exp(input)


@rule("torch.exp2", "torch.Tensor.exp2", "torch.special.exp2")
def exp2(input):
    return 2**input


@rule("torch.expm1", "torch.Tensor.expm1", "torch.special.expm1")
def expm1(input):
    return mx.expm1(input)


@rule("torch.log", "torch.Tensor.log")
def log(input):
    return mx.log(input)


@rule("torch.log2", "torch.Tensor.log2")
def log2(input):
    return mx.log2(input)


@rule("torch.log10", "torch.Tensor.log10")
def log10(input):
    return mx.log10(input)


@rule("torch.log1p", "torch.Tensor.log1p", "torch.special.log1p")
def log1p(input):
    return mx.log1p(input)


@rule("torch.sqrt", "torch.Tensor.sqrt")
def sqrt(input):
    if limited(input):
        return _power_of_limited(input, 0.5)
    return mx.sqrt(input)


def _power_of_limited(input, exponent):
    """Where `relu` or a clip has made `input` zero no gradient goes through, as in PyTorch; MLX's would be NaN."""
    filled = mx.where(input == 0, 1, input)
    return mx.where(input == 0, mx.stop_gradient(input**exponent), filled**exponent)


@rule("torch.rsqrt", "torch.Tensor.rsqrt")
def rsqrt(input):
    return mx.rsqrt(input)


@rule("torch.square", "torch.Tensor.square")
def square(input):
    return mx.square(input)


@rule("torch.reciprocal", "torch.Tensor.reciprocal")
def reciprocal(input):
    return mx.reciprocal(input)


@rule("torch.sin", "torch.Tensor.sin")
def sin(input):
    return mx.sin(input)


@rule("torch.cos", "torch.Tensor.cos")
def cos(input):
    return mx.cos(input)


@rule("torch.tan", "torch.Tensor.tan")
def tan(input):
    return mx.tan(input)


@rule("torch.asin", "torch.arcsin", "torch.Tensor.asin", "torch.Tensor.arcsin")
def arcsin(input):
    return mx.arcsin(input)


@rule("torch.acos", "torch.arccos", "torch.Tensor.acos", "torch.Tensor.arccos")
def arccos(input):
    return mx.arccos(input)


@rule("torch.atan", "torch.arctan", "torch.Tensor.atan", "torch.Tensor.arctan")
def arctan(input):
    return mx.arctan(input)


@rule("torch.sinh", "torch.Tensor.sinh")
def sinh(input):
    return mx.sinh(input)


@rule("torch.cosh", "torch.Tensor.cosh")
def cosh(input):
    return mx.cosh(input)


@rule("torch.tanh", "torch.Tensor.tanh")
def tanh(input):
    return mx.tanh(input)


@rule("torch.asinh", "torch.arcsinh", "torch.Tensor.asinh", "torch.Tensor.arcsinh")
def arcsinh(input):
    return mx.arcsinh(input)


@rule("torch.acosh", "torch.arccosh", "torch.Tensor.acosh", "torch.Tensor.arccosh")
def arccosh(input):
    return mx.arccosh(input)


@rule("torch.atanh", "torch.arctanh", "torch.Tensor.atanh", "torch.Tensor.arctanh")
def arctanh(input):
    return mx.arctanh(input)


@rule("torch.sigmoid", "torch.Tensor.sigmoid", "torch.special.expit")
def sigmoid(input):
    return mx.sigmoid(input)


@rule("torch.relu", "torch.Tensor.relu")
def relu(input):
    return nn.relu(input)


@rule("torch.softmax", "torch.Tensor.softmax", "torch.special.softmax", trap="omitted axis")
def softmax(input, dim, dtype=None):
    if dtype is not None:
        return mx.softmax(input.astype(dtype), axis=_axis(input, dim))
    return mx.softmax(input, axis=_axis(input, dim))


@rule("torch.log_softmax", "torch.Tensor.log_softmax", "torch.special.log_softmax", trap="omitted axis")
def log_softmax(input, dim, dtype=None):
    if known(0 in input.shape) and 0 in input.shape:
        return input if dtype is None else input.astype(dtype)
    if dtype is not None:
        input = input.astype(dtype)
    return nn.log_softmax(input, axis=_axis(input, dim))


@rule("torch.logit", "torch.Tensor.logit", "torch.special.logit")
def logit(input, eps=None):
    if eps is not None:
        input = mx.clip(input, eps, 1 - eps)
    return mx.log(input / (1 - input))


@rule("torch.erf", "torch.Tensor.erf", "torch.special.erf")
def erf(input):
    return mx.erf(input)


@rule("torch.erfc", "torch.Tensor.erfc", "torch.special.erfc")
def erfc(input):
    return 1 - mx.erf(input)


@rule("torch.erfinv", "torch.Tensor.erfinv", "torch.special.erfinv")
def erfinv(input):
    return mx.erfinv(input)


@rule("torch.special.ndtr")
def ndtr(input):
    return 0.5 * (1 + mx.erf(input / math.sqrt(2)))


@rule("torch.special.ndtri")
def ndtri(input):
    return math.sqrt(2) * mx.erfinv(2 * input - 1)


@rule("torch.sinc", "torch.Tensor.sinc", "torch.special.sinc")
def sinc(input):
    angle = mx.pi * mx.where(input == 0, 1, input)
    return mx.where(input == 0, 1, mx.sin(angle) / angle)


@rule("torch.floor", "torch.Tensor.floor")
def floor(input):
    return mx.floor(input)


@rule("torch.ceil", "torch.Tensor.ceil")
def ceil(input):
    return mx.ceil(input)


@rule("torch.trunc", "torch.fix", "torch.Tensor.trunc", "torch.Tensor.fix")
def trunc(input):
    return mx.trunc(input)


@rule("torch.frac", "torch.Tensor.frac")
def frac(input):
    return input - mx.trunc(input)


@rule("torch.round", "torch.Tensor.round", "torch.special.round")
def round_to(input, *, decimals=0):
    return mx.round(input, decimals=decimals)


@rule("torch.sign", "torch.Tensor.sign", "torch.sgn", "torch.Tensor.sgn")
def sign(input):
    return mx.sign(input)


@rule("torch.signbit", "torch.Tensor.signbit")
def signbit(input):
    return mx.where(input == 0, 1 / input, input) < 0


@rule("torch.deg2rad", "torch.Tensor.deg2rad")
def deg2rad(input):
    return mx.radians(input)


@rule("torch.rad2deg", "torch.Tensor.rad2deg")
def rad2deg(input):
    return mx.degrees(input)


@rule("torch.nan_to_num", "torch.Tensor.nan_to_num")
def nan_to_num(input, nan=0.0, posinf=None, neginf=None):
    return mx.nan_to_num(input, nan=nan, posinf=posinf, neginf=neginf)


# MLX wants both bounds in `clip`; `maximum` and `minimum` read better where one is given.
@rule("torch.clamp", "torch.clip", "torch.Tensor.clamp", "torch.Tensor.clip", trap=("numbers in integers", "gradients at bounds"))
def clamp(input, min=None, max=None):
    if known(max is None) and max is None:
        return mx.maximum(input, min)
    if known(min is None) and min is None:
        return mx.minimum(input, max)
    return mx.clip(input, min, max)


@rule("torch.clamp_min", "torch.Tensor.clamp_min", trap="gradients at bounds")
def clamp_min(input, min):
    return mx.maximum(input, min)


@rule("torch.clamp_max", "torch.Tensor.clamp_max", trap="gradients at bounds")
def clamp_max(input, max):
    return mx.minimum(input, max)


# Stirling's series for x + 8, then back down by the recurrence.
def _log_gamma(x):
    """The logarithm of the gamma function of positive numbers."""
    z = x + 8
    series = (1 / 12 - (1 / 360 - 1 / (1260 * mx.square(z))) / mx.square(z)) / z
    return (z - 0.5) * mx.log(z) - z + 0.5 * math.log(2 * math.pi) + series - sum(mx.log(x + k) for k in range(8))


def _digamma(x):
    """The derivative of the logarithm of the gamma function of positive numbers."""
    z = x + 8
    square = mx.square(z)
    series = (1 / 12 - (1 / 120 - 1 / (252 * square)) / square) / square
    return mx.log(z) - 0.5 / z - series - sum(1 / (x + k) for k in range(8))


@rule("torch.Tensor.lgamma_", mutates="input")
@rule("torch.lgamma", "torch.Tensor.lgamma", "torch.special.gammaln")
def lgamma(input):
    right = input > 0.5
    value = _log_gamma(mx.where(right, input, 1 - input))
    sine = mx.abs(mx.sin(math.pi * mx.where(right, 0.5, input)))
    return mx.where(right, value, math.log(math.pi) - mx.log(sine) - value)


@rule("torch.Tensor.digamma_", mutates="input")
@rule("torch.digamma", "torch.Tensor.digamma", "torch.special.digamma", "torch.special.psi")
def digamma(input):
    right = input > 0.5
    value = _digamma(mx.where(right, input, 1 - input))
    return mx.where(right, value, value - math.pi / mx.tan(math.pi * mx.where(right, 0.25, input)))


# The mean of exp(x cos t) over a circle; 64 points are exact to single precision wherever the result is finite.
def _bessel_i0_scaled(x):
    """The modified Bessel function of order zero, divided by exp(|x|)."""
    cosines = mx.cos(mx.arange(64) * (math.pi / 32))
    return mx.exp(x[..., None] * cosines - mx.abs(x)[..., None]).mean(axis=-1)


@rule("torch.i0", "torch.Tensor.i0", "torch.special.i0")
def i0(input):
    return _bessel_i0_scaled(input) * mx.exp(mx.abs(input))


@rule("torch.special.i0e")
def i0e(input):
    return _bessel_i0_scaled(input)


@rule("torch.special.entr")
def entr(input):
    logarithm = mx.log(mx.where(input == 0, 1, input))
    return mx.where(input < 0, -mx.inf, -input * logarithm)


@rule("torch.special.i1")
def i1(input):
    return _bessel_i1_scaled(input) * mx.exp(mx.abs(input))


@rule("torch.special.i1e")
def i1e(input):
    return _bessel_i1_scaled(input)


def _bessel_i1_scaled(x):
    """The modified Bessel function of order one, divided by exp(|x|)."""
    cosines = mx.cos(mx.arange(64) * (math.pi / 32))
    return (mx.exp(x[..., None] * cosines - mx.abs(x)[..., None]) * cosines).mean(axis=-1)


@rule("torch.Tensor.mvlgamma_", mutates="input")
@rule("torch.mvlgamma", "torch.Tensor.mvlgamma", "torch.special.multigammaln")
def mvlgamma(input, p):
    return sum([_log_gamma(input - k / 2) for k in range(p)], p * (p - 1) / 4 * math.log(math.pi))


never(
    "torch.polygamma",
    "torch.Tensor.polygamma",
    "torch.special.*",
    "MLX does not have this special function",
)
