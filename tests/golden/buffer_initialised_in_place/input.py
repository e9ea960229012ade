import torch
from torch import nn


class Projection(nn.Module):
    def __init__(self, n):
        super().__init__()
        start = torch.empty((n, n))
        self.register_buffer("start", nn.init.xavier_uniform_(start))

    def forward(self, x):
        return x @ self.start
