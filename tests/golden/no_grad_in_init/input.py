import torch
import torch.nn as nn


class Gate(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.proj = nn.Linear(dim, dim)
        with torch.no_grad():  # start closed
            # a negative bias keeps the gate shut
            self.proj.bias.fill_(-2.0)
            self.proj.weight.zero_()

    def forward(self, x):
        return torch.sigmoid(self.proj(x)) * x
