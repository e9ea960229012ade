import torch
from torch import nn


class Part(nn.Module):
    def __init__(self, dim, shared=None):
        super().__init__()
        self.shared = shared
        self.own = nn.Linear(dim, dim)

    def forward(self, x):
        return self.shared[0](x) + self.shared[1](self.own(x))


class Net(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.a = nn.Linear(dim, dim)
        self.b = nn.Linear(dim, dim)
        self.parts = nn.ModuleList([Part(dim, shared=[self.a, self.b]) for _ in range(2)])

    def forward(self, x):
        for part in self.parts:
            x = part(x)
        return x
