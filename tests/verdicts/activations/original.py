"""Activations in a row."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Activations(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.first = nn.Linear(dim, dim)
        self.prelu = nn.PReLU(dim, init=0.3)

    def forward(self, x):
        x = self.first(x)
        y = F.gelu(x) + F.gelu(x, approximate="tanh") + F.silu(x) + F.mish(x)
        y = y + F.softplus(x, beta=2) + F.elu(x, 0.7) + F.hardswish(x) + F.hardtanh(x, -0.5, 2.0)
        y = y + F.leaky_relu(x) + F.selu(x) + F.softsign(x) + F.glu(torch.cat([x, x.flip(-1)], -1))
        return self.prelu(y) + torch.atan2(x, y.abs() + 1)
