import torch
import torch.nn as nn


class Scale(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(dim))
        self.bias = nn.Parameter(torch.zeros(dim))
        with torch.no_grad():
            self.weight.fill_(1.0)
            self.bias[0] = 1.0
            self.bias.zero_()  # no shift at first

    def forward(self, x):
        return x * self.weight + self.bias
