"""Messages between nodes of a graph."""

import torch
import torch.nn as nn


class Messages(nn.Module):
    def __init__(self, dim=4):
        super().__init__()
        self.proj = nn.Linear(dim, dim)

    def forward(self, x, source, target):
        messages = self.proj(x)[source]
        summed = torch.zeros_like(x).index_add_(0, target, messages)
        count = torch.zeros(x.shape[0]).scatter_add_(0, target, torch.ones(target.shape[0]))
        mean = summed / count.clamp(min=1)[:, None]
        order = x[:, 0].argsort(descending=True)
        picked = x.gather(1, (target[: x.shape[0], None] % 4).expand(-1, 2))
        return mean + x[order].cumsum(0) + picked.sum(1, keepdim=True)
