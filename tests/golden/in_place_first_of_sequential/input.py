from torch import nn


class Block(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.residual = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(dim, dim), nn.ReLU(inplace=True), nn.Linear(dim, dim))
        self.bounded = nn.Sequential(nn.ReLU6(True), nn.Linear(dim, dim))
        self.last = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(dim, dim))
        self.shortcut = nn.Linear(dim, dim)

    def forward(self, x):
        residual = self.residual(x)
        x = self.shortcut(x) + residual  # of the activated x
        y = self.bounded(x)
        y = y + x
        return self.last(y)


class Kept(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.residual = nn.Sequential(nn.ReLU(), nn.Linear(dim, dim))

    def forward(self, x):
        return x + self.residual(x)
