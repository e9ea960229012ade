import torch
from torch import nn


def sinusoids(length: int, dim: int, dtype=torch.float32):
    angles = torch.arange(length)[:, None] / (torch.arange(dim // 2)[None] + 1)
    return torch.cat((angles.sin(), angles.cos()), dim=1).type(dtype)


class Positions(nn.Module):
    def __init__(self, length: int, dim: int):
        super().__init__()
        self.table = sinusoids(length, dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.table
