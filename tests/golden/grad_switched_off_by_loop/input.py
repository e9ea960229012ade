import torch
import torch.nn as nn


class Frozen(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.proj = nn.Linear(dim, dim)
        for p in self.proj.parameters():
            p.requires_grad = False

    def forward(self, x):
        return self.proj(x)
