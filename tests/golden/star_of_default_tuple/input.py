import torch
from torch import nn


class Gate(nn.Module):
    def __init__(self, dim, outer=()):
        super().__init__()
        self.w = nn.Parameter(torch.randn(*outer, dim, 3))

    def forward(self, x):
        return x @ self.w


class A(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.gate = Gate(dim)
        self.other = Gate(dim, outer=(2,))

    def forward(self, x):
        return self.gate(x) + self.other(x).sum(0)
