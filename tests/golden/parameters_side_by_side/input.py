import torch
from torch import nn


class Momentum(nn.Module):
    def __init__(self, dim=8, momentum=0.9):
        super().__init__()
        self.encoder = nn.Linear(dim, dim)
        self.target = nn.Linear(dim, dim)
        for p, q in zip(self.encoder.parameters(), self.target.parameters()):
            q.data.copy_(p.data)
            q.requires_grad = False
        self.momentum = momentum

    @torch.no_grad()
    def follow(self):
        for p, q in zip(
            self.encoder.parameters(), self.target.parameters()
        ):
            q.data = q.data * self.momentum + p.data * (1 - self.momentum)

    def forward(self, x):
        self.follow()
        return self.encoder(x) - self.target(x)
