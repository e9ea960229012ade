import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, heads: int, length: int):
        super().__init__()
        self.biases = nn.Parameter(torch.randn(heads, length))
        self.register_buffer("order", torch.arange(length).flip(0))

    @torch.no_grad()
    def train(self, mode=True):
        super().train(mode)
        if mode and hasattr(self, "ab"):
            del self.ab
        else:
            self.ab = self.biases[:, self.order]

    def forward(self, x):
        return x + (self.biases[:, self.order] if self.training else self.ab)


class Frozen(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(dim, dim), nn.BatchNorm1d(dim))

    def train(self, mode: bool = True):
        super().train(mode)
        for m in self.modules():
            if isinstance(m, nn.BatchNorm1d):
                m.eval()
        return self

    def forward(self, x):
        return self.layers(x)


class Net(nn.Module):
    def __init__(self, heads: int = 2, length: int = 6):
        super().__init__()
        self.blocks = nn.Sequential(Attention(heads, length), nn.Dropout(0.1), Attention(heads, length))
        self.frozen = Frozen(length)
        self.norm = nn.BatchNorm1d(length)

    def forward(self, x):
        return self.norm(self.frozen(self.blocks(x)[:, 0]))
