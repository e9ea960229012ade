"""What a model keeps and what it only does in training."""

import torch
import torch.nn as nn


class Tracked(nn.Module):
    def __init__(self, dim=8, decay=0.9):
        super().__init__()
        self.decay = decay
        self.proj = nn.Linear(dim, dim)
        self.norm = nn.BatchNorm1d(dim, momentum=0.3)
        self.drop = nn.Dropout(0.25)
        self.register_buffer("average", torch.zeros(dim))
        self.register_buffer("calls", torch.tensor(0))

    def forward(self, x):
        y = self.norm(self.proj(x))
        if self.training:
            with torch.no_grad():
                self.average.mul_(self.decay).add_(y.mean(0), alpha=1 - self.decay)
                self.calls += 1
        target = self.drop(y).detach()
        return (y - self.average) * 2 + target
