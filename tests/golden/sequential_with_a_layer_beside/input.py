import torch
from torch import nn


class Branches(nn.Sequential):
    """What each child makes of the input: the layer beside the sequence is a child too, the last."""

    def __init__(self, dim: int):
        super().__init__(nn.Linear(dim, dim), nn.Tanh())
        self.gate = nn.Linear(dim, dim, bias=False)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self._modules.values()], dim=-1)
