import torch
import torch.nn as nn


class Shift(nn.Module):
    def __init__(self, n: int, learn: bool = True):
        super().__init__()
        self.shift = torch.ones(n) if not learn else nn.Parameter(torch.ones(n))
        self.state = torch.zeros(n)  # a word of MLX's modules

    def forward(self, x):
        return x * self.shift + self.state
