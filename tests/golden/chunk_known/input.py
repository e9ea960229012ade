import torch
import torch.nn as nn


class Glu(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.proj = nn.Linear(dim, 2 * dim)

    def forward(self, x):
        # the width is twice something: two even halves
        value, gate = self.proj(x.flatten(1)).chunk(2, dim=-1)
        return value * torch.sigmoid(gate)


def uneven(x: torch.Tensor, n: int):
    return torch.chunk(x, n)
