"""Activations, computed in float32 and rounded once where the library's kernels do so."""

import torch
import torch.nn.functional as F

from ..precision import widened


def sigmoid(x):
    """The logistic function."""
    return torch.sigmoid(widened(x)).to(x.dtype)


def logsigmoid(x, temperature=1.0):
    """`log(sigmoid(x)) / temperature`."""
    return (F.logsigmoid(widened(x)) / temperature).to(x.dtype)


def swish(x):
    """`x * sigmoid(x)`."""
    return F.silu(widened(x)).to(x.dtype)


def elu_p1(x):
    """`elu(x) + 1`, without cancellation for negative x."""
    wide = widened(x)
    return torch.where(wide >= 0, wide + 1, wide.clamp(max=0).exp()).to(x.dtype)


def fast_gelu_impl(x):
    """gelu with its tanh approximation and a constant of eight digits."""
    return (x * 0.5 * (1.0 + torch.tanh(0.79788456 * x * (1 + 0.044715 * x * x)))).to(x.dtype)


def bias_gelu_impl(y, bias):
    """`fast_gelu_impl(y + bias)`."""
    return fast_gelu_impl(bias + y).to(y.dtype)


def sqrelu(x):
    """`relu(x)**2`."""
    return F.relu(widened(x)).square().to(x.dtype)


def swiglu(x, y):
    """`silu(x) * y`."""
    return (F.silu(widened(x)) * widened(y)).to(x.dtype)


def sigmoidglu(x, y):
    """`sigmoid(x) * y`."""
    return (torch.sigmoid(widened(x)) * widened(y)).to(x.dtype)


def powglu(x, y, power=3.0):
    """`x**(power / (sqrt(x) + 1)) * sigmoid(x) * y` for positive x, `silu(x) * y` for the others."""
    wide = widened(x)
    positive = wide > 0
    base = torch.where(positive, wide, 1.0)
    gate = torch.where(positive, base ** (power / (base.sqrt() + 1.0)), wide) * torch.sigmoid(wide)
    return (gate * widened(y)).to(x.dtype)


def swiglu_linear(x, y, weight, bias):
    """`linear(swiglu(x, y))`."""
    return F.linear(swiglu(x, y), weight, bias)


def sigmoidglu_linear(x, y, weight, bias):
    """`linear(sigmoidglu(x, y))`."""
    return F.linear(sigmoidglu(x, y), weight, bias)


def powglu_linear(x, y, weight, bias, power=3.0):
    """`linear(powglu(x, y))`."""
    return F.linear(powglu(x, y, power), weight, bias)


ACT2FN = {
    "relu": F.relu,
    "sigmoid": sigmoid,
    "logsigmoid": logsigmoid,
    "silu": swish,
    "swish": swish,
    "sqrelu": sqrelu,
    "gelu": fast_gelu_impl,
    "bias_gelu": bias_gelu_impl,
}
