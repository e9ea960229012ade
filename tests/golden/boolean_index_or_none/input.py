import torch
import torch.nn as nn
from typing import Optional


class Impl(nn.Module):
    mask: Optional[torch.Tensor]

    def __init__(self, n=4, masked=True):
        super().__init__()
        self.register_buffer("mask", torch.arange(n) > 1 if masked else None)

    def forward(self, x):
        return x * 2


class Net(nn.Module):
    def __init__(self, n=4, masked=True):
        super().__init__()
        self.impl = Impl(n, masked)

    def forward(self, x: torch.Tensor):
        x = self.impl(x) + x
        return x.flatten(-2) if self.impl.mask is None else x[:, self.impl.mask]
