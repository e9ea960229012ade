import torch
from torch import nn


class Together(nn.Sequential):
    def forward(self, x):
        return torch.cat([module(x) for module in self._modules.values()], dim=1)


class Mlp(nn.Sequential):
    def __init__(self, dim):
        super().__init__(nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, dim))
