import torch
import torch.nn as nn


class Whitening(nn.Module):
    def __init__(self, dim: int, trainable: bool = True):
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(dim), requires_grad=False)
        self.scale = nn.Parameter(torch.ones(dim), requires_grad=trainable)

    def forward(self, x):
        return (x - self.mean) * self.scale
