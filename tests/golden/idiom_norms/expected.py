"""Norms that are written out."""

import mlx.core as mx
import mlx.nn as nn


class LlamaNorm(nn.Module):
    def __init__(self, dim: int, eps=1e-6):
        super().__init__()
        self.weight = mx.ones(dim)
        self.eps = eps

    def __call__(self, states):
        # the second moment
        return mx.fast.rms_norm(states, self.weight, self.eps)


class Gemma(nn.Module):
    def __init__(self, dim: int, eps=1e-6):
        super().__init__()
        self.weight = mx.zeros(dim)
        self.eps = eps

    def _norm(self, x):
        return mx.fast.rms_norm(x, None, self.eps)

    def __call__(self, x):
        output = self._norm(x.astype(mx.float32))
        output = output * (1.0 + self.weight.astype(mx.float32))
        return output.astype(x.dtype)


class Root(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.scale = mx.ones(dim)

    def __call__(self, x):
        return mx.fast.rms_norm(x, self.scale, 1e-5)


class LayerNorm(nn.Module):
    def __init__(self, dim: int, eps=1e-12):
        super().__init__()
        self.weight = mx.ones(dim)
        self.bias = mx.zeros(dim)
        self.eps = eps

    def __call__(self, x):
        return mx.fast.layer_norm(x, self.weight, self.bias, self.eps)


class OfOneNumber(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = mx.ones(1)

    def __call__(self, x):
        return self.scale * mx.fast.rms_norm(x, None, 1e-6)


def standardised(x, eps: float = 1e-5):
    return mx.fast.layer_norm(x, None, None, eps)
