"""Writes that reach what they are views of, and copies that they do not reach."""

import torch
import torch.nn as nn


class Writes(nn.Module):
    def __init__(self, dim=6):
        super().__init__()
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        y = self.proj(x)
        before = y.clone()
        y[:, 0].mul_(2.0)
        half = y[:, 3:]
        half += 1
        out = torch.zeros_like(y)
        for i in range(x.shape[1]):
            out[:, i] = y[:, : i + 1].sum(-1)
        out[:, ::2] -= before[:, ::2]
        same = out
        same += before
        return out * half.sum()
