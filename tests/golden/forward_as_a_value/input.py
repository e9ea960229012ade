from inspect import signature

import torch
import torch.nn as nn
from torch.utils.checkpoint import checkpoint


class Block(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.fc = nn.Linear(dim, dim)

    def forward(self, x, scale=1.0):
        return self.fc(x) * scale


class Runs(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.block = Block(dim)
        self.fc = nn.Linear(dim, dim)
        self.scaled = "scale" in signature(self.block.forward).parameters

    def forward(self, x):
        x = checkpoint(self.block.forward, x, use_reentrant=False)
        run = self.fc.forward
        return run(x) + torch.stack(list(map(self.block.forward, x))) if self.scaled else x


class Wraps(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net
        self.scaled = "scale" in signature(net.forward).parameters

    def forward(self, x):
        return self.net(x, scale=2.0) if self.scaled else self.net(x)
