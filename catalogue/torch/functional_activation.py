"""Activations of torch.nn.functional. `inplace` only saves memory in torch: callers use the result."""

from catalogue.torch.scalars import _axis

from mlxify.catalogue import *


@rule("torch.nn.functional.relu")
@rule("torch.nn.functional.relu_", mutates="input")
def relu(input, inplace=False):
    return nn.relu(input)


@rule("torch.nn.functional.gelu")
def gelu(input, approximate="none"):
    if approximate == "tanh":
        return nn.gelu_approx(input)
    return nn.gelu(input)


@rule("torch.nn.functional.silu")
def silu(input, inplace=False):
    return nn.silu(input)


@rule("torch.nn.functional.sigmoid")
def sigmoid(input):
    return mx.sigmoid(input)


@rule("torch.nn.functional.tanh")
def tanh(input):
    return mx.tanh(input)


# `where` differentiates both branches: the unused exponential must not overflow, else the gradient of a large input is
# NaN (as with `nn.elu`). Zero stands first in `minimum`, which gives a tie to its second operand: the slope at 0 is alpha.
@rule("torch.nn.functional.elu", trap="gradients of branches")
@rule("torch.nn.functional.elu_", mutates="input")
def elu(input, alpha=1.0, inplace=False):
    if known(alpha == 1) and alpha == 1:
        return mx.where(input > 0, input, mx.expm1(mx.minimum(0, input)))
    return mx.where(input > 0, input, alpha * mx.expm1(mx.minimum(0, input)))


@rule("torch.nn.functional.selu", "torch.selu", trap="gradients of branches")
@rule("torch.nn.functional.selu_", "torch.selu_", mutates="input")
def selu(input, inplace=False):
    return 1.0507009873554805 * mx.where(input > 0, input, 1.6732632423543772 * mx.expm1(mx.minimum(0, input)))


@rule("torch.nn.functional.celu", "torch.celu", trap="gradients of branches")
@rule("torch.nn.functional.celu_", "torch.celu_", mutates="input")
def celu(input, alpha=1.0, inplace=False):
    return mx.where(input > 0, input, alpha * mx.expm1(mx.minimum(0, input) / alpha))


# `nn.leaky_relu` is max(slope * x, x): right for slopes up to 1 only. (At x = 0 its gradient is 1, torch's the slope.)
@rule("torch.nn.functional.leaky_relu")
@rule("torch.nn.functional.leaky_relu_", mutates="input")
def leaky_relu(input, negative_slope=0.01, inplace=False):
    if known(negative_slope <= 1) and negative_slope <= 1:
        return nn.leaky_relu(input, negative_slope=negative_slope)
    return mx.where(input > 0, input, negative_slope * input)


@rule("torch.nn.functional.softplus")
def softplus(input, beta=1.0, threshold=20.0):
    if known(beta == 1 and threshold >= 20) and beta == 1 and threshold >= 20:
        return nn.softplus(input)
    if known(threshold >= 20) and threshold >= 20:
        return nn.softplus(beta * input) / beta
    return mx.where(beta * input > threshold, input, nn.softplus(beta * input) / beta)


@rule("torch.nn.functional.softmax", trap="omitted axis")
def softmax(input, dim=None, _stacklevel=3, dtype=None):
    if dtype is not None:
        input = input.astype(dtype)
    if dim is None:
        dim = 0 if input.ndim in (0, 1, 3) else 1
    return mx.softmax(input, axis=_axis(input, dim))


@rule("torch.nn.functional.softmin")
def softmin(input, dim=None, _stacklevel=3, dtype=None):
    if dtype is not None:
        input = input.astype(dtype)
    if dim is None:
        dim = 0 if input.ndim in (0, 1, 3) else 1
    return mx.softmax(-input, axis=_axis(input, dim))


@rule("torch.nn.functional.log_softmax", trap="omitted axis")
def log_softmax(input, dim=None, _stacklevel=3, dtype=None):
    if known(0 in input.shape) and 0 in input.shape:
        return input if dtype is None else input.astype(dtype)
    if dtype is not None:
        input = input.astype(dtype)
    if dim is None:
        dim = 0 if input.ndim in (0, 1, 3) else 1
    return nn.log_softmax(input, axis=_axis(input, dim))


@rule("torch.nn.functional.logsigmoid")
def logsigmoid(input):
    return nn.log_sigmoid(input)


@rule("torch.nn.functional.glu")
def glu(input, dim=-1):
    return nn.glu(input, axis=dim)


@rule("torch.nn.functional.relu6")
def relu6(input, inplace=False):
    return nn.relu6(input)


@rule("torch.nn.functional.mish")
def mish(input, inplace=False):
    return nn.mish(input)


@rule("torch.nn.functional.hardswish")
def hardswish(input, inplace=False):
    return nn.hardswish(input)


@rule("torch.nn.functional.hardsigmoid")
def hardsigmoid(input, inplace=False):
    return mx.clip(input / 6 + 0.5, 0, 1)


@rule("torch.nn.functional.hardtanh", trap="gradients at bounds")
@rule("torch.nn.functional.hardtanh_", mutates="input")
def hardtanh(input, min_val=-1.0, max_val=1.0, inplace=False):
    return nn.hard_tanh(input, min_val=min_val, max_val=max_val)


@rule("torch.nn.functional.hardshrink", "torch.hardshrink")
def hardshrink(input, lambd=0.5):
    return nn.hard_shrink(input, lambd=lambd)


@rule("torch.nn.functional.softshrink")
def softshrink(input, lambd=0.5):
    return nn.softshrink(input, lambd=lambd)


@rule("torch.nn.functional.softsign")
def softsign(input):
    return nn.softsign(input)


@rule("torch.nn.functional.tanhshrink")
def tanhshrink(input):
    return input - mx.tanh(input)


@rule("torch.nn.functional.threshold", "torch.threshold")
@rule("torch.nn.functional.threshold_", "torch.threshold_", mutates="input")
def threshold(input, threshold, value, inplace=False):
    return mx.where(input > threshold, input, value)


@rule("torch.nn.functional.prelu", "torch.prelu")
def prelu(input, weight):
    if weight.size == 1:
        return mx.where(input > 0, input, weight.reshape(()) * input)
    # One slope per channel, and torch's channels are axis 1.
    return mx.where(input > 0, input, weight.reshape(-1, *[1] * (input.ndim - 2)) * input)


@rule("torch.nn.functional.rrelu", "torch.rrelu")
@rule("torch.nn.functional.rrelu_", "torch.rrelu_", mutates="input")
def rrelu(input, lower=1.0 / 8, upper=1.0 / 3, training=False, inplace=False):
    if training:
        slope = mx.random.uniform(lower, upper, input.shape)
        return mx.where(input >= 0, input, slope * input)
    return nn.leaky_relu(input, negative_slope=(lower + upper) / 2)


# torch draws standard exponentials and takes their negative logarithm, which is a Gumbel sample.
@rule("torch.nn.functional.gumbel_softmax", trap="random numbers")
def gumbel_softmax(logits, tau=1, hard=False, eps=1e-10, dim=-1):
    soft = mx.softmax((logits + mx.random.gumbel(logits.shape)) / tau, axis=dim)
    if not hard:
        return soft
    # Straight-through: one-hot forwards, the gradient of the soft sample backwards.
    return mx.stop_gradient(_one_hot_of_largest(soft, dim) - soft) + soft


def _one_hot_of_largest(x, axis):
    """1 where the largest value along that axis stands (the first of equals), 0 elsewhere."""
    index = mx.argmax(x, axis=axis, keepdims=True).astype(mx.int32)
    places = mx.arange(x.shape[axis]).reshape(-1, *[1] * (x.ndim - 1 - axis % x.ndim))
    return (index == places).astype(x.dtype)


