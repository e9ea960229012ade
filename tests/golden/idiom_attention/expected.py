"""Attention that is written out."""

import math

import mlx.core as mx
import mlx.nn as nn


class Heads(nn.Module):
    def __init__(self, dim: int, heads: int = 4):
        super().__init__()
        self.heads = heads
        self.head_dim = dim // heads
        self.scale = self.head_dim**-0.5
        self.qkv = nn.Linear(dim, 3 * dim)

    def split(self, x):
        b, n, _ = x.shape
        return self.qkv(x).reshape(b, n, 3, self.heads, self.head_dim).transpose(2, 0, 3, 1, 4)

    def __call__(self, x):
        qkv = self.split(x)
        q, k, v = qkv[0], qkv[1], qkv[2]
        return mx.fast.scaled_dot_product_attention(
            q, k, v, scale=self.scale
        ).swapaxes(1, 2).flatten(2)

    def divided(self, x):
        qkv = self.split(x)
        q, k, v = qkv[0], qkv[1], qkv[2]
        # as in float32
        return mx.fast.scaled_dot_product_attention(
            q, k, v, scale=1 / math.sqrt(self.head_dim)
        )

    def equation(self, x):
        qkv = self.split(x)
        q, k, v = qkv[0], qkv[1], qkv[2]
        return mx.fast.scaled_dot_product_attention(q, k, v, scale=self.scale)

    def biased(self, x):
        qkv = self.split(x)
        q, k, v = qkv[0], qkv[1], qkv[2]
        mask = mx.triu(mx.full((x.shape[1], x.shape[1]), float("-inf")), k=1)
        return mx.fast.scaled_dot_product_attention(
            q, k, v, scale=self.scale, mask=mask.astype(q.dtype)
        )
