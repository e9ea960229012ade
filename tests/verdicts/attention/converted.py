"""Causal self-attention with a padding mask."""

import math

import mlx.core as mx
import mlx.nn as nn


class Attention(nn.Module):
    def __init__(self, dim=16, heads=4):
        super().__init__()
        self.heads = heads
        self.scale = 1 / math.sqrt(dim // heads)
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.out = nn.Linear(dim, dim)

    def __call__(self, x, mask=None):
        b, n, d = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, d // self.heads).transpose(2, 0, 3, 1, 4)
        scores = q @ k.swapaxes(-2, -1) * self.scale
        causal = mx.triu(mx.ones((n, n)), 1).astype(mx.bool_)
        scores = mx.where(causal, -mx.inf, scores)
        if mask is not None:
            scores = mx.where(mask[:, None, None, :], scores, -1e9)
        return self.out((mx.softmax(scores, axis=-1) @ v).swapaxes(1, 2).reshape(b, n, d))
