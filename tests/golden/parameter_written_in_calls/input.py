import torch
import torch.nn as nn


class ActNorm(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(1, dim))
        self.scale = nn.Parameter(torch.ones(1, dim))
        self.seen = False

    def initialize(self, x):
        with torch.no_grad():
            self.shift.data.copy_(-x.mean(dim=0, keepdim=True))
            self.scale.data = 1 / (x.std(dim=0, keepdim=True) + 1e-6)

    def reset(self):
        self.shift.data.zero_()

    def forward(self, x):
        if self.training and not self.seen:
            self.initialize(x)
        return self.scale * (x + self.shift)
