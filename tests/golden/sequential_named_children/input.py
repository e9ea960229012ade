from collections import OrderedDict

import torch
from torch import nn


class FromDict(nn.Sequential):
    def __init__(self, dim: int):
        super().__init__(OrderedDict([("fc", nn.Linear(dim, dim)), ("act", nn.ReLU())]))


class Added(nn.Sequential):
    def __init__(self, dim: int):
        super().__init__()
        self.add_module("norm", nn.LayerNorm(dim))
        self.add_module("fc", nn.Linear(dim, dim))


class Numbered(nn.Sequential):
    def __init__(self, dim: int):
        super().__init__(nn.Linear(dim, dim), nn.Tanh())


class Net(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.head = FromDict(dim)
        self.body = nn.Sequential()
        self.body.add_module("first", Added(dim))
        self.body.add_module("second", Numbered(dim))

    def forward(self, x):
        return self.head.fc(self.body(self.head(x)))
