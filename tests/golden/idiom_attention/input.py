"""Attention that is written out."""

import math

import torch
import torch.nn.functional as F
from torch import einsum, nn


class Heads(nn.Module):
    def __init__(self, dim: int, heads: int = 4):
        super().__init__()
        self.heads = heads
        self.head_dim = dim // heads
        self.scale = self.head_dim**-0.5
        self.qkv = nn.Linear(dim, 3 * dim)

    def split(self, x):
        b, n, _ = x.shape
        return self.qkv(x).view(b, n, 3, self.heads, self.head_dim).permute(2, 0, 3, 1, 4)

    def forward(self, x):
        qkv = self.split(x)
        q, k, v = qkv[0], qkv[1], qkv[2]
        q = q * self.scale
        weights = q @ k.transpose(-2, -1)
        weights = weights.softmax(dim=-1)
        return (weights @ v).transpose(1, 2).flatten(2)

    def divided(self, x):
        qkv = self.split(x)
        q, k, v = qkv[0], qkv[1], qkv[2]
        scores = torch.matmul(q, k.transpose(2, 3)) / math.sqrt(self.head_dim)
        # as in float32
        scores = F.softmax(scores, dim=-1, dtype=torch.float32).to(q.dtype)
        return torch.matmul(scores, v)

    def equation(self, x):
        qkv = self.split(x)
        q, k, v = qkv[0], qkv[1], qkv[2]
        sim = einsum("b h i d, b h j d -> b h i j", q, k) * self.scale
        return einsum("b h i j, b h j d -> b h i d", sim.softmax(dim=-1), v)

    def biased(self, x):
        qkv = self.split(x)
        q, k, v = qkv[0], qkv[1], qkv[2]
        mask = torch.full((x.shape[1], x.shape[1]), float("-inf")).triu(1)
        scores = torch.matmul(q, k.transpose(-1, -2)) * self.scale
        scores = scores + mask
        return scores.softmax(-1) @ v
