import torch
import torch.nn as nn


class Rotary(nn.Module):
    def __init__(self, dim: int, base: float = 10000.0):
        super().__init__()
        inv_freq = 1.0 / (base ** (torch.arange(0, dim, 2).float() / dim))
        self.register_buffer("inv_freq", inv_freq, persistent=False)  # made anew, not saved

    def forward(self, positions: torch.Tensor) -> torch.Tensor:
        return positions[:, None] * self.inv_freq
