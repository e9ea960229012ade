"""Formulas that only look like those that MLX has."""

import math

import torch
from torch import nn


class Norm(nn.Module):
    def __init__(self, dim: int, eps=1e-6):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.log_eps = nn.Parameter(torch.zeros(1))
        self.eps = eps

    def other_axis(self, x):
        return x * torch.rsqrt(x.pow(2).mean(1, keepdim=True) + self.eps)

    def variance_is_given(self, x):
        variance = x.pow(2).mean(-1, keepdim=True)
        return x * torch.rsqrt(variance + self.eps), variance

    def of_another(self, x, y):
        return x * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + self.eps)

    def changed_between(self, x):
        variance = x.pow(2).mean(-1, keepdim=True)
        x = x + 1
        return x * torch.rsqrt(variance + self.eps)

    def changed_in_place(self, x):
        variance = x.pow(2).mean(-1, keepdim=True)
        x.mul_(2)
        return x * torch.rsqrt(variance + self.eps)

    def learned_eps(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.log_eps.exp())

    def unbiased(self, x):
        return (x - x.mean(-1, keepdim=True)) / torch.sqrt(x.var(-1, keepdim=True) + self.eps)

    def eps_outside(self, x):
        return x / (torch.sqrt(x.pow(2).mean(-1, keepdim=True)) + self.eps)

    def narrow_statistics(self, x):
        return x * torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + self.eps)

    def in_a_loop(self, x):
        variance = x.pow(2).mean(-1, keepdim=True)
        for _ in range(2):
            x = x * torch.rsqrt(variance + self.eps)
            variance = x.pow(2).mean(-1, keepdim=True)
        return x


class Heads(nn.Module):
    def __init__(self, dim: int, heads=4):
        super().__init__()
        self.heads = heads
        self.scale = nn.Parameter(torch.ones(heads, 1, 1))
        self.drop = nn.Dropout(0.1)
        self.qkv = nn.Linear(dim, 3 * dim)

    def split(self, x):
        b, n, d = x.shape
        return self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)

    def weights_are_given(self, x):
        qkv = self.split(x)
        q, k, v = qkv[0], qkv[1], qkv[2]
        weights = (q @ k.transpose(-2, -1)).softmax(dim=-1)
        return weights @ v, weights

    def dropped(self, x):
        qkv = self.split(x)
        q, k, v = qkv[0], qkv[1], qkv[2]
        weights = (q @ k.transpose(-2, -1)).softmax(dim=-1)
        return self.drop(weights) @ v

    def learned_scale(self, x):
        qkv = self.split(x)
        q, k, v = qkv[0], qkv[1], qkv[2]
        return (q @ k.transpose(-2, -1) * self.scale).softmax(dim=-1) @ v

    def other_axis(self, x):
        qkv = self.split(x)
        q, k, v = qkv[0], qkv[1], qkv[2]
        return (q @ k.transpose(-2, -1)).softmax(dim=-2) @ v

    def of_three_axes(self, x):
        return (x @ x.transpose(-2, -1)).softmax(dim=-1) @ x

    def not_transposed(self, x):
        qkv = self.split(x)
        q, k, v = qkv[0], qkv[1], qkv[2]
        return (q @ k).softmax(dim=-1) @ v

    def masked(self, x, mask):
        qkv = self.split(x)
        q, k, v = qkv[0], qkv[1], qkv[2]
        scores = (q @ k.transpose(-2, -1)).masked_fill(mask, -1e9)
        return scores.softmax(dim=-1) @ v


def nearly_gelu(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.0447 * x**3)))


def of_two(x, y):
    return x * torch.sigmoid(y)


def twice(x):
    return 2 * x * torch.sigmoid(x)


def swapped(x):
    gate = torch.sigmoid(x)
    x = x.flip(-1)
    return x * gate
