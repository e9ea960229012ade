import torch
import torch.nn as nn


class Encoder(nn.Module):
    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x)

    def forward(self, x: torch.Tensor, *, scale: float = 1.0) -> torch.Tensor:
        return self.forward_features(x) * scale


class Pipeline:
    """No module: its `forward` is only a name."""

    def __init__(self):
        self.encoder = Encoder()

    def forward(self, x):
        return self.encoder(x, scale=2.0)


class Outer(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()

    def forward(self, x):
        return self.encoder.forward(x) if x is not None else self(x)
