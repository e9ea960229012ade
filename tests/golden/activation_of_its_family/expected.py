import numpy as np
import mlx.core as mx
import mlx.nn as nn


class ELU(nn.Module):
    """x where it is positive, else alpha * (exp(x) - 1); unlike `nn.elu`, its gradient does not overflow."""

    def __init__(self, alpha: float = 1.0):
        super().__init__()
        self.alpha = alpha

    def __call__(self, x):
        return mx.where(x > 0, x, self.alpha * mx.expm1(mx.minimum(0, x)))


class Hardtanh(nn.Module):
    """Limits values to [min_val, max_val]."""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0):
        super().__init__()
        self.min_val = min_val
        self.max_val = max_val

    def __call__(self, x):
        return nn.hard_tanh(x, self.min_val, self.max_val)


class PReLU(nn.Module):
    """Leaky ReLU with a learned slope, one for all or one per channel (axis 1)."""

    def __init__(self, num_parameters: int = 1, init: float = 0.25):
        super().__init__()
        self.weight = mx.full((num_parameters,), init)

    def __call__(self, x):
        return mx.where(x > 0, x, self.weight.reshape([-1, *[1] * (x.ndim - 2)][: x.ndim]) * x)


class SELU(nn.Module):
    """The self-normalising exponential unit; unlike `nn.selu`, its gradient does not overflow."""

    def __call__(self, x):
        return 1.0507009873554805 * mx.where(x > 0, x, 1.6732632423543772 * mx.expm1(mx.minimum(0, x)))


_layers = {
    "CELU": nn.CELU,
    "ELU": ELU,
    "GELU": nn.GELU,
    "Hardswish": nn.Hardswish,
    "Hardtanh": Hardtanh,
    "Identity": nn.Identity,
    "LeakyReLU": nn.LeakyReLU,
    "Mish": nn.Mish,
    "PReLU": PReLU,
    "ReLU": nn.ReLU,
    "ReLU6": nn.ReLU6,
    "SELU": SELU,
    "SiLU": nn.SiLU,
    "Sigmoid": nn.Sigmoid,
    "Softplus": nn.Softplus,
    "Softsign": nn.Softsign,
    "Tanh": nn.Tanh,
}


def _cast(values, dtype):
    if dtype is None:
        return values
    return values.astype(dtype)


def _bartlett_window(window_length, periodic=True, dtype=None, layout=None, device=None, requires_grad=False):
    if periodic:
        return _cast(mx.bartlett(window_length + 1)[:-1], dtype)
    return _cast(mx.bartlett(window_length), dtype)


def _blackman_window(window_length, periodic=True, dtype=None, layout=None, device=None, requires_grad=False):
    if periodic:
        return _cast(mx.blackman(window_length + 1)[:-1], dtype)
    return _cast(mx.blackman(window_length), dtype)


def _hamming_window(window_length, periodic=True, dtype=None, layout=None, device=None, requires_grad=False):
    if periodic:
        return _cast(mx.hamming(window_length + 1)[:-1], dtype)
    return _cast(mx.hamming(window_length), dtype)


def _hann_window(window_length, periodic=True, dtype=None, layout=None, device=None, requires_grad=False):
    if periodic:
        return _cast(mx.hanning(window_length + 1)[:-1], dtype)
    return _cast(mx.hanning(window_length), dtype)


def _kaiser_window(window_length, periodic=True, beta=12.0, dtype=None, layout=None, device=None, requires_grad=False):
    if periodic:
        return _cast(mx.array(np.kaiser(window_length + 1, beta)[:-1]), dtype)
    return _cast(mx.array(np.kaiser(window_length, beta)), dtype)


_functions = {
    "bartlett_window": _bartlett_window,
    "blackman_window": _blackman_window,
    "hamming_window": _hamming_window,
    "hann_window": _hann_window,
    "kaiser_window": _kaiser_window,
}


class Act(nn.Module):
    def __init__(self, n: int, name: str = "LeakyReLU", window: str = "hann_window"):
        super().__init__()
        self.lin = nn.Linear(n, n)
        self.act = _layers[name]()
        self.window = _functions[window](n)

    def __call__(self, x):
        return self.act(self.lin(x)) * self.window
