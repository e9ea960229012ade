import torch
import torch.nn as nn


class Block(nn.Module):
    def __init__(self, dim: int, norm: type, drop: bool = False):
        super().__init__()
        layers = []
        if drop:
            layers.append(nn.Dropout(0.5))
        layers += [nn.Linear(dim, dim), norm(dim), nn.ReLU(True)]  # begins with no activation
        self.layers = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.layers(x)
