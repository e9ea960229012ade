import torch
import torch.nn as nn


def table(length, dim):
    angles = torch.arange(length)[:, None] * torch.arange(dim)[None]
    return angles.type(torch.float32)


class Net(nn.Module):
    def __init__(self, length, dim):
        super().__init__()
        self.table = table(length, dim)
        self.places = torch.arange(length) + 1
        self.scale = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        return x * self.scale + self.table + self.places[:, None]
