import torch
import torch.nn as nn


class Patches(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.proj = nn.Conv2d(3, dim, 4, 4)

    def forward(self, x):
        x = self.proj(x)
        height, width = x.shape[2:]
        x = x.flatten(2).transpose(1, 2)
        return x, (height, width)


class Model(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.patches = Patches(dim)
        self.positions = nn.Parameter(torch.zeros(1, 1, dim))

    def forward(self, x):
        x, size = self.patches(x)
        x += self.positions
        return x, size
