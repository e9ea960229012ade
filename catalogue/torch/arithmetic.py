"""Arithmetic of two and three tensors or numbers, by operators wherever Python has one."""

from catalogue.torch.dtypes import _FLOATS
from catalogue.torch.pointwise import _power_of_limited

from mlxify.catalogue import *


@rule("torch.add", "torch.Tensor.add")
def add(input, other, *, alpha=1):
    if known(alpha == 1) and alpha == 1:
        return input + other
    return input + alpha * other


@rule("torch.sub", "torch.subtract", "torch.Tensor.sub", "torch.Tensor.subtract")
def sub(input, other, *, alpha=1):
    if known(alpha == 1) and alpha == 1:
        return input - other
    return input - alpha * other


@rule("torch.rsub")
def rsub(input, other, *, alpha=1):
    if known(alpha == 1) and alpha == 1:
        return other - input
    return other - alpha * input


@rule("torch.mul", "torch.multiply", "torch.Tensor.mul", "torch.Tensor.multiply")
def mul(input, other):
    return input * other


# `/` of integers is a float in both; rounding towards zero needs whole numbers to stay whole.
@rule("torch.div", "torch.divide", "torch.Tensor.div", "torch.Tensor.divide", trap="signs of remainders")
def div(input, other, *, rounding_mode=None):
    if rounding_mode is None:
        return input / other
    if rounding_mode == "floor":
        return input // other
    if isinstance(input, int) and isinstance(other, int):
        return int(input / other)
    if input.dtype in _FLOATS:
        return mx.trunc(input / other)
    quotient = input // other
    return quotient + ((quotient < 0) & (quotient * other != input)).astype(input.dtype)


@rule("torch.true_divide", "torch.Tensor.true_divide")
def true_divide(input, other):
    return input / other


@rule("torch.floor_divide", "torch.Tensor.floor_divide")
def floor_divide(input, other):
    return input // other


@rule("torch.remainder", "torch.Tensor.remainder")
def remainder(input, other):
    return input % other


# The remainder with the sign of `input`.
@rule("torch.fmod", "torch.Tensor.fmod", trap="signs of remainders")
def fmod(input, other):
    return mx.sign(input) * (mx.abs(input) % mx.abs(other))


# MLX's power calls `pow` whatever the exponent: on a CPU a square costs a fiftieth of it. Truth values would become whole numbers.
@rule("torch.pow", "torch.Tensor.pow")
def power(input, exponent):
    if known(not is_tensor(exponent)) and not is_tensor(exponent):
        if known(exponent == 2 and input.dtype in _FLOATS) and exponent == 2 and input.dtype in _FLOATS:
            return mx.square(input)
    if limited(input) and not (known(exponent >= 1) and exponent >= 1):
        return _power_of_limited(input, exponent)
    return input**exponent


@rule("torch.float_power", "torch.Tensor.float_power")
def float_power(input, exponent):
    return mx.power(input, exponent * 1.0)


@rule("torch.addcmul", "torch.Tensor.addcmul")
def addcmul(input, tensor1, tensor2, third=None, *, value=1):
    if third is not None:  # the order of old: input, value, tensor1, tensor2
        return addcmul(input, tensor2, third, value=tensor1)
    if known(value == 1) and value == 1:
        return input + tensor1 * tensor2
    return input + value * tensor1 * tensor2


@rule("torch.addcdiv", "torch.Tensor.addcdiv")
def addcdiv(input, tensor1, tensor2, third=None, *, value=1):
    if third is not None:  # the order of old: input, value, tensor1, tensor2
        return addcdiv(input, tensor2, third, value=tensor1)
    if known(value == 1) and value == 1:
        return input + tensor1 / tensor2
    return input + value * tensor1 / tensor2


@rule("torch.lerp", "torch.Tensor.lerp")
def lerp(input, end, weight):
    return input + weight * (end - input)


@rule("torch.maximum", "torch.Tensor.maximum", trap="gradients at bounds")
def maximum(input, other):
    return mx.maximum(input, other)


@rule("torch.minimum", "torch.Tensor.minimum", trap="gradients at bounds")
def minimum(input, other):
    return mx.minimum(input, other)


# A NaN loses against a number here, unlike in `maximum`.
@rule("torch.fmax", "torch.Tensor.fmax")
def fmax(input, other):
    return mx.where(mx.isnan(input), other, mx.where(mx.isnan(other), input, mx.maximum(input, other)))


@rule("torch.fmin", "torch.Tensor.fmin")
def fmin(input, other):
    return mx.where(mx.isnan(input), other, mx.where(mx.isnan(other), input, mx.minimum(input, other)))


@rule("torch.atan2", "torch.arctan2", "torch.Tensor.atan2", "torch.Tensor.arctan2")
def arctan2(input, other):
    return mx.arctan2(input, other)


@rule("torch.hypot", "torch.Tensor.hypot")
def hypot(input, other):
    return mx.sqrt(mx.square(input) + mx.square(other))


# Negative zero counts as negative, as in torch: its reciprocal tells it from zero.
@rule("torch.copysign", "torch.Tensor.copysign")
def copysign(input, other):
    if not is_tensor(other):
        return math.copysign(1.0, other) * mx.abs(input)
    return mx.abs(input) * mx.where(mx.where(other == 0, 1 / other, other) < 0, -1, 1)


@rule("torch.logaddexp", "torch.Tensor.logaddexp")
def logaddexp(input, other):
    return mx.logaddexp(input, other)


@rule("torch.logaddexp2", "torch.Tensor.logaddexp2")
def logaddexp2(input, other):
    return mx.logaddexp(input * math.log(2), other * math.log(2)) / math.log(2)


# Zero where `input` is, also where the logarithm is not finite; the inner `where` keeps the gradient there finite.
@rule("torch.xlogy", "torch.Tensor.xlogy", "torch.special.xlogy")
def xlogy(input, other):
    return input * mx.log(mx.where((input == 0) & (other <= 0), 1, other))


@rule("torch.special.xlog1py")
def xlog1py(input, other):
    return input * mx.log1p(mx.where((input == 0) & (other <= -1), 0, other))


@rule("torch.heaviside", "torch.Tensor.heaviside")
def heaviside(input, values):
    return mx.where(input == 0, values, (input > 0).astype(input.dtype))


@rule("torch.ldexp", "torch.Tensor.ldexp")
def ldexp(input, other):
    return input * 2.0**other


@rule("torch.gcd", "torch.lcm", "torch.Tensor.gcd", "torch.Tensor.lcm")
def gcd(input, other):
    refuse("MLX has no greatest common divisor", suggest="compute it with `math.gcd` on Python integers")
