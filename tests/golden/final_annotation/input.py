import torch
from torch import nn


class Shift(nn.Module):
    by: torch.jit.Final[int]

    def __init__(self, by: int = 4):
        super().__init__()
        self.by = by

    def forward(self, x):
        return x + self.by
