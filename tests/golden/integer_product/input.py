import torch
import torch.nn as nn


class Code(nn.Module):
    """The number that a row of bits stands for."""

    def __init__(self, bits):
        super().__init__()
        self.register_buffer("powers", 2 ** torch.arange(bits))
        self.proj = nn.Linear(bits, bits)

    def forward(self, x):
        bits = (self.proj(x) > 0).long()
        powers = torch.arange(x.shape[-1])
        return bits @ powers, x @ self.proj.weight
