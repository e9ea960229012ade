import torch
import torch.nn as nn


class Gate(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.lin = nn.Linear(dim, dim)

    def forward(self, x, mask):
        y = self.lin(x)
        y.data.masked_fill_(mask, 3.0)  # the gradient passes
        y.detach().mul_(2)
        with torch.no_grad():
            kept = x * 2
            kept.data.add_(1)
        return y * y + kept
