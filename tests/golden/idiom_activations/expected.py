"""Activations that are written out."""


import mlx.core as mx
import mlx.nn as nn


def gelu(x):
    return nn.gelu(x)


def gelu_new(x):
    return nn.gelu_approx(x)


def gelu_of_gpt(x):
    return nn.gelu_approx(x)


class Swish(nn.Module):
    def __call__(self, x):
        return nn.silu(x)


class QuickGELU(nn.Module):
    def __call__(self, x: mx.array):
        return nn.gelu_fast_approx(x)


class Mish(nn.Module):
    def __call__(self, x):
        return nn.mish(x)
