import torch
import torch.nn as nn


def off_diagonal(x):
    n, m = x.shape
    return x.flatten()[:-1].view(n - 1, n + 1)[:, 1:].flatten()


class Twins(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.norm = nn.BatchNorm1d(dim, affine=False)

    def forward(self, a, b):
        c = self.norm(a).T @ self.norm(b)
        c.div_(a.shape[0])
        on = torch.diagonal(c).add_(-1).pow_(2).sum()
        off = off_diagonal(c).pow_(2).sum()
        return on + off


class Parts(nn.Module):
    def forward(self, x):
        out = torch.zeros_like(x)
        for i in range(x.shape[1]):
            out.select(1, i).copy_(x.select(1, i) * i)
        out.narrow(-1, 0, 2).add_(1)
        mask = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool)
        mask.diagonal()[:] = False
        mask.diagonal(1)[:] = False
        return out, mask


class Bands(nn.Module):
    def forward(self, weight):
        b, t, k = weight.shape
        band = torch.zeros(b * t * (t + k - 1), dtype=weight.dtype).view(b, t, t + k - 1).fill_(float("-inf"))
        band.as_strided((b, t, k), ((t + k - 1) * t, t + k, 1)).copy_(weight)
        return torch.softmax(band.narrow(-1, (k - 1) // 2, t), dim=-1)


def shift(x):
    x[:, 1:] = x[:, :-1] * 2
    return x


class Shifts(nn.Module):
    def __init__(self, dim=6):
        super().__init__()
        self.fc = nn.Linear(dim, dim)

    def forward(self, x):
        x = self.fc(x)
        c = x.shape[-1] // 2
        a = shift(x[..., :c].clone())
        b = shift(x[:, :, c:])
        return a + b, x
