"""Rotary positions, in halves and in pairs."""

import mlx.core as mx
import mlx.nn as nn


class Rotary(nn.Module):
    def __init__(self, dim=8, base=10000.0):
        super().__init__()
        self.proj = nn.Linear(dim, 2 * dim, bias=False)
        self.frequency = base ** (-mx.arange(0, dim, 2).astype(mx.float32) / dim)
        self.freeze(keys=["frequency"], recurse=False)

    def __call__(self, x, offset: int = 0):
        q, k = mx.split(self.proj(x), 2, axis=-1)
        t = mx.arange(offset, offset + x.shape[1]).astype(mx.float32)
        angle = mx.outer(t, self.frequency)
        wide = mx.concatenate([angle, angle], axis=-1)
        first, second = mx.split(q, 2, axis=-1)
        q = q * mx.cos(wide) + mx.concatenate([-second, first], axis=-1) * mx.sin(wide)
        even, odd = k[..., ::2], k[..., 1::2]
        turned = [even * mx.cos(angle) - odd * mx.sin(angle), even * mx.sin(angle) + odd * mx.cos(angle)]
        k = mx.stack(turned, axis=-1).flatten(-2)
        return q, k
