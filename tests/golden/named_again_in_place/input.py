# mlxify: Conditional()(f32[2, 1, 4, 6], bool[2, 4, 6])
# mlxify: Reshaped()(f32[2, 3, 4], bool[2, 12])
# mlxify: Outer()(f32[2, 4], bool[2, 4])
# mlxify: Two()(f32[2, 3, 4])
import torch
from torch import nn


class Conditional(nn.Module):
    def forward(self, x, m):
        if x.dim() == 4:
            x = x.view(-1, x.shape[2], x.shape[3])
        x = x.masked_fill_(m, 0.0)
        return x * 2


class WritesInput(nn.Module):
    def forward(self, x):
        if x.ndim == 3:
            x = x.view(x.shape[0], -1)
        x += 1
        return x


class Reshaped(nn.Module):
    def forward(self, x, m):
        x = x.view(2, -1)
        x = x.masked_fill_(m, 0.0)
        return x * 2


class Two(nn.Module):
    def forward(self, x):
        x = x.transpose(1, 2)
        x = x.mul_(2)
        x = x.add_(1)
        x = x * 3
        return x


class Filled(nn.Module):
    def forward(self, x, m):
        x = x.masked_fill_(m, 0.0)
        return x * 2


class Outer(nn.Module):
    def __init__(self):
        super().__init__()
        self.filled = Filled()

    def forward(self, x, m):
        y = x * 3
        return self.filled(y, m) + y
