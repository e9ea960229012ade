import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.conv = nn.Conv1d(dim, dim, 3, padding=1)

    def forward(self, x):
        return x + self.conv(x)


class Net(nn.Module):
    def __init__(self, block, dim=8, depth=2):
        super().__init__()
        self.blocks = nn.ModuleList([block(dim) for _ in range(depth)])

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x


class Deep(Net):
    def __init__(self, depth=3):
        super().__init__(Block, depth=depth)


def net(depth=2):
    return Net(Block, depth=depth)
