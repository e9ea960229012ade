import torch
from torch import nn


class A(nn.Module):
    def __init__(self, dim=4):
        super().__init__()
        self.w = nn.Parameter(torch.randn(dim))
        self.s = nn.Parameter(torch.tensor(0.5))

    def forward(self, x):
        a = torch.tensor(self.w)
        b = torch.Tensor(x)
        c = float(self.s) * x
        d = torch.tensor([self.s, 2.0]) * x[..., :2]
        e = self.s.item() + self.w.data.sum()
        return x * a + b * self.w + c + e, d
