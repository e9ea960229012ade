import torch.nn as nn


class Gated(nn.Module):
    """Its layers are appended one by one."""

    def __init__(self, dims):
        super().__init__()
        self.net = nn.Sequential()
        self.gate = nn.Sequential(nn.Linear(dims[0], dims[-1]))
        for before, after in zip(dims[:-1], dims[1:]):
            self.net.append(nn.Linear(before, after))
            self.net.append(nn.SiLU())
        self.net.pop(-1)
        self.net.extend([nn.LayerNorm(dims[-1])])
        self.net.insert(0, nn.LayerNorm(dims[0]))
        self.gate.append(nn.Sigmoid())

    def forward(self, x):
        return self.net(x) * self.gate(x)


class Stack(nn.Sequential):
    def __init__(self, dim, depth):
        super().__init__()
        for _ in range(depth):
            self.append(nn.Linear(dim, dim))
