from inspect import signature

import mlx.core as mx
import mlx.nn as nn


class Block(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.fc = nn.Linear(dim, dim)

    def __call__(self, x, scale=1.0):
        return self.fc(x) * scale


class Runs(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.block = Block(dim)
        self.fc = nn.Linear(dim, dim)
        self.scaled = "scale" in signature(self.block.__call__).parameters

    def __call__(self, x):
        x = self.block(x)
        run = self.fc.__call__
        return run(x) + mx.stack(list(map(self.block, x))) if self.scaled else x


class Wraps(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net
        self.scaled = "scale" in signature(net.__call__).parameters

    def __call__(self, x):
        return self.net(x, scale=2.0) if self.scaled else self.net(x)
