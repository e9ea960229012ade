"""Splits, repetitions and turns."""

import torch
import torch.nn as nn


class Split(nn.Module):
    def __init__(self, dim=6):
        super().__init__()
        self.proj = nn.Linear(dim, 2 * dim)

    def forward(self, x):
        a, b = self.proj(x).split(x.shape[-1], dim=-1)
        first, second, third = b.chunk(3, dim=1)
        turned = torch.cat([third, second.flip(-1), first.roll(1, dims=-1)], dim=1)
        tiled = a[:, :1].repeat(1, turned.shape[1], 1)
        each = a[:, :2].repeat_interleave(3, dim=1)
        return turned * tiled + each[:, : turned.shape[1]] + torch.tril(a.transpose(0, 1))[:, : x.shape[0]].sum()
