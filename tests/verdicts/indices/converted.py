"""Tables that are read by index: what stands at their ends is read as seldom as anything else."""

import math

import mlx.core as mx
import mlx.nn as nn
import numpy as np


class Schedule(nn.Module):
    def __init__(self, steps=400, dim=8):
        super().__init__()
        t = np.arange(steps + 1) / steps
        f = np.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2
        self._betas = mx.array(np.minimum(1 - f[1:] / f[:-1], 0.999).astype(np.float32))
        self.steps = steps
        self.embed = nn.Embedding(steps, dim)
        self.proj = nn.Linear(dim, dim)

    def __call__(self, x, t):
        later = mx.minimum(t + 1, self.steps - 1)
        first = (t == 0)[:, None]
        x = self.proj(x + self.embed(later)) * self._betas[t][:, None]
        return mx.where(first, 1, x)
