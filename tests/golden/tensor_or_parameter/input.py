import torch
from torch import nn


class Bias(nn.Module):
    def __init__(self, n, fixed=False):
        super().__init__()
        if fixed:
            self.bias = torch.zeros((n, n))  # never trained
        else:
            self.bias = nn.Parameter(torch.ones((n, n)))

    def forward(self, x):
        return x @ torch.exp(self.bias)
