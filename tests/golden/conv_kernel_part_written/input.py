import torch
from torch import nn


class Causal(nn.Module):
    """Depthwise filters that start as the identity."""

    def __init__(self, channels: int, taps: int = 3):
        super().__init__()
        self.taps = taps
        self.conv = nn.Conv1d(channels, channels, taps, padding=taps - 1, groups=channels, bias=False)
        self.grid = nn.Conv2d(channels, channels, (1, taps))
        with torch.no_grad():
            self.conv.weight.zero_()
            self.conv.weight[:, 0, -1] = 1.0
            self.grid.weight.data[..., 0, taps // 2] += 0.5

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)[..., : -(self.taps - 1)]
        return self.grid(y.unsqueeze(2)).squeeze(2)
