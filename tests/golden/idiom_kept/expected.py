"""Formulas that only look like those that MLX has."""

import math

import mlx.core as mx
import mlx.nn as nn


class Norm(nn.Module):
    def __init__(self, dim: int, eps=1e-6):
        super().__init__()
        self.weight = mx.ones(dim)
        self.log_eps = mx.zeros(1)
        self.eps = eps

    def other_axis(self, x):
        return x * mx.rsqrt((x ** 2).mean(axis=1, keepdims=True) + self.eps)

    def variance_is_given(self, x):
        variance = (x ** 2).mean(axis=-1, keepdims=True)
        return x * mx.rsqrt(variance + self.eps), variance

    def of_another(self, x, y):
        return x * mx.rsqrt((y ** 2).mean(axis=-1, keepdims=True) + self.eps)

    def changed_between(self, x):
        variance = (x ** 2).mean(axis=-1, keepdims=True)
        x = x + 1
        return x * mx.rsqrt(variance + self.eps)

    def changed_in_place(self, x):
        variance = (x ** 2).mean(axis=-1, keepdims=True)
        x[...] = x * 2
        return x * mx.rsqrt(variance + self.eps)

    def learned_eps(self, x):
        return x * mx.rsqrt((x ** 2).mean(axis=-1, keepdims=True) + mx.exp(self.log_eps))

    def unbiased(self, x):
        return (x - x.mean(axis=-1, keepdims=True)) / mx.sqrt(x.var(axis=-1, keepdims=True, ddof=1) + self.eps)

    def eps_outside(self, x):
        return x / (mx.sqrt((x ** 2).mean(axis=-1, keepdims=True)) + self.eps)

    def narrow_statistics(self, x):
        return x * mx.rsqrt((x.astype(mx.float32) ** 2).mean(axis=-1, keepdims=True) + self.eps)

    def in_a_loop(self, x):
        variance = (x ** 2).mean(axis=-1, keepdims=True)
        for _ in range(2):
            x = x * mx.rsqrt(variance + self.eps)
            variance = (x ** 2).mean(axis=-1, keepdims=True)
        return x


class Heads(nn.Module):
    def __init__(self, dim: int, heads=4):
        super().__init__()
        self.heads = heads
        self.scale = mx.ones((heads, 1, 1))
        self.drop = nn.Dropout(0.1)
        self.qkv = nn.Linear(dim, 3 * dim)

    def split(self, x):
        b, n, d = x.shape
        return self.qkv(x).reshape(b, n, 3, self.heads, d // self.heads).transpose(2, 0, 3, 1, 4)

    def weights_are_given(self, x):
        qkv = self.split(x)
        q, k, v = qkv[0], qkv[1], qkv[2]
        weights = mx.softmax(q @ k.swapaxes(-2, -1), axis=-1)
        return weights @ v, weights

    def dropped(self, x):
        qkv = self.split(x)
        q, k, v = qkv[0], qkv[1], qkv[2]
        weights = mx.softmax(q @ k.swapaxes(-2, -1), axis=-1)
        return self.drop(weights) @ v

    def learned_scale(self, x):
        qkv = self.split(x)
        q, k, v = qkv[0], qkv[1], qkv[2]
        return mx.softmax(q @ k.swapaxes(-2, -1) * self.scale, axis=-1) @ v

    def other_axis(self, x):
        qkv = self.split(x)
        q, k, v = qkv[0], qkv[1], qkv[2]
        return mx.softmax(q @ k.swapaxes(-2, -1), axis=-2) @ v

    def of_three_axes(self, x):
        return mx.softmax(x @ x.swapaxes(-2, -1), axis=-1) @ x

    def not_transposed(self, x):
        qkv = self.split(x)
        q, k, v = qkv[0], qkv[1], qkv[2]
        return mx.softmax(q @ k, axis=-1) @ v

    def masked(self, x, mask):
        qkv = self.split(x)
        q, k, v = qkv[0], qkv[1], qkv[2]
        scores = mx.where(mask, -1e9, q @ k.swapaxes(-2, -1))
        return mx.softmax(scores, axis=-1) @ v


def nearly_gelu(x):
    return 0.5 * x * (1 + mx.tanh(math.sqrt(2 / math.pi) * (x + 0.0447 * x**3)))


def of_two(x, y):
    return x * mx.sigmoid(y)


def twice(x):
    return 2 * x * mx.sigmoid(x)


def swapped(x):
    gate = mx.sigmoid(x)
    x = mx.flip(x, -1)
    return x * gate
