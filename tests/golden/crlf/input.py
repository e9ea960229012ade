import torch
import torch.nn as nn


class Gate(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.register_buffer("scale", torch.ones(dim))  # saved
        with torch.no_grad():
            self.scale.mul_(2)

    def forward(self, x):
        return torch.cat([
            x,
            x * self.scale,  # scaled
        ], dim=-1)
