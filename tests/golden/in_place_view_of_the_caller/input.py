import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self, dim=4):
        super().__init__()
        self.proj = nn.Linear(dim, dim)

    def forward(self, x, mask):
        h = self.proj(x)
        y = self.masked(h, mask > 0) * 1
        z = self.turned(h) * 1 + self.wide(h)
        return y + z, h

    def masked(self, spec, mask):
        spec = spec.view(2, -1)
        spec.masked_fill_(mask.view(2, -1), 0.0)
        spec[:, 0] = 1.0
        return spec.view(2, 3, 4)

    def turned(self, x):
        x = x.transpose(0, 1)
        x += 1
        return x.transpose(0, 1)

    def wide(self, x):
        x = x[:, None]
        x[:, :, :2] *= 2
        return x.squeeze(1)


class PassesPart(nn.Module):
    def forward(self, x: torch.Tensor):
        y = x * 2
        turned(y[0])
        return y


def turned(x: torch.Tensor):
    x = x.transpose(0, 1)
    x += 1
