"""Rotary positions, in halves and in pairs."""

import torch
import torch.nn as nn


class Rotary(nn.Module):
    def __init__(self, dim=8, base=10000.0):
        super().__init__()
        self.proj = nn.Linear(dim, 2 * dim, bias=False)
        self.register_buffer("frequency", base ** (-torch.arange(0, dim, 2).float() / dim))

    def forward(self, x, offset: int = 0):
        q, k = self.proj(x).chunk(2, dim=-1)
        t = torch.arange(offset, offset + x.shape[1], dtype=torch.float32)
        angle = torch.outer(t, self.frequency)
        wide = torch.cat([angle, angle], dim=-1)
        first, second = q.chunk(2, dim=-1)
        q = q * wide.cos() + torch.cat([-second, first], dim=-1) * wide.sin()
        even, odd = k[..., ::2], k[..., 1::2]
        k = torch.stack(
            [even * angle.cos() - odd * angle.sin(), even * angle.sin() + odd * angle.cos()], dim=-1
        ).flatten(-2)
        return q, k
