"""Tables that are read by index: what stands at their ends is read as seldom as anything else."""

import math

import torch
import torch.nn as nn


class Schedule(nn.Module):
    def __init__(self, steps=400, dim=8):
        super().__init__()
        t = torch.arange(steps + 1, dtype=torch.float64) / steps
        f = torch.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2
        betas = (1 - f[1:] / f[:-1]).clamp(max=0.999).float()
        self.register_buffer("betas", betas, persistent=False)
        self.steps = steps
        self.embed = nn.Embedding(steps, dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x, t):
        later = (t + 1).clamp(max=self.steps - 1)
        first = (t == 0).float().unsqueeze(-1)
        x = self.proj(x + self.embed(later)) * self.betas[t].unsqueeze(-1)
        return x * (1 - first) + first
