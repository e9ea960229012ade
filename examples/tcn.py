"""A temporal convolutional network: dilated causal convolutions whose reach doubles with every level."""

from typing import List

import torch
import torch.nn as nn
import torch.nn.functional as F


class Chomp(nn.Module):
    """Cuts off the last values, which a symmetric padding let see the future."""

    def __init__(self, size: int):
        super().__init__()
        self.size = size

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, :, : -self.size].contiguous()


class TemporalBlock(nn.Module):
    def __init__(self, n_in: int, n_out: int, kernel_size: int, dilation: int, dropout: float = 0.2):
        super().__init__()
        padding = (kernel_size - 1) * dilation
        self.reach = 2 * padding  # past steps that one output depends on
        self.net = nn.Sequential(
            nn.Conv1d(n_in, n_out, kernel_size, padding=padding, dilation=dilation),
            Chomp(padding),
            nn.BatchNorm1d(n_out),
            nn.ELU(),
            nn.Dropout(dropout),
            nn.Conv1d(n_out, n_out, kernel_size, padding=padding, dilation=dilation),
            Chomp(padding),
            nn.BatchNorm1d(n_out),
            nn.ELU(),
            nn.Dropout(dropout),
        )
        self.downsample = nn.Conv1d(n_in, n_out, 1) if n_in != n_out else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        residual = x if self.downsample is None else self.downsample(x)
        return F.relu(self.net(x) + residual)


class TCN(nn.Module):
    """Forecasts `horizon` steps of every series from (batch, length, n_series): (batch, horizon, n_series)."""

    def __init__(
        self, n_series: int = 3, channels: List[int] = [8, 8, 12], kernel_size: int = 3, horizon: int = 4, dropout: float = 0.1
    ):
        super().__init__()
        self.horizon = horizon
        self.n_series = n_series
        levels = []
        for i, width in enumerate(channels):
            n_in = n_series if i == 0 else channels[i - 1]
            levels.append(TemporalBlock(n_in, width, kernel_size, dilation=2**i, dropout=dropout))
        self.levels = nn.Sequential(*levels)
        self.pool = nn.AvgPool1d(kernel_size=2, stride=2)
        self.head = nn.Linear(2 * channels[-1], horizon * n_series)

    @property
    def receptive_field(self) -> int:
        """How many past steps the last output depends on."""
        return 1 + sum(block.reach for block in self.levels)

    def forward(self, series: torch.Tensor) -> torch.Tensor:
        mean = series.mean(dim=1, keepdim=True)
        std = series.std(dim=1, keepdim=True, unbiased=False) + 1e-5
        x = self.levels(((series - mean) / std).permute(0, 2, 1))
        x = torch.cat([x[:, :, -1], self.pool(x).amax(dim=2)], dim=1)
        forecast = self.head(x).view(-1, self.horizon, self.n_series)
        return forecast * std + mean


if __name__ == "__main__":
    torch.manual_seed(0)
    model = TCN().eval()
    print(model(torch.randn(2, 24, 3)).shape, model.receptive_field)
