import torch
import torch.nn as nn


class Noise(nn.Module):
    def __init__(self, std: float):
        super().__init__()
        self.std = std

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.training and self.std > 0:
            x = x + torch.randn_like(x) * self.std
        return x
