import torch
from torch import nn


class Act(nn.Module):
    def __init__(self, n: int, name: str = "LeakyReLU", window: str = "hann_window"):
        super().__init__()
        self.lin = nn.Linear(n, n)
        self.act = getattr(nn, name)()
        self.window = getattr(torch, window)(n)

    def forward(self, x):
        return self.act(self.lin(x)) * self.window
