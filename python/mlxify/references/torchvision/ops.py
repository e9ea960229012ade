"""Building blocks of torchvision.ops in plain torch: signatures, parameter names and results of the library."""

import torch
from torch import nn

Tensor = torch.Tensor


def stochastic_depth(input: Tensor, p: float, mode: str, training: bool = True) -> Tensor:
    """Zeroes a branch for each sample ("row") or for the whole batch; what stays is scaled up."""
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"p is {p}")
    if mode not in ("batch", "row"):
        raise ValueError(f"mode is {mode}")
    if not training or p == 0.0:
        return input
    rows = input.shape[0] if mode == "row" else 1
    keep = torch.bernoulli(torch.full((rows,) + (1,) * (input.dim() - 1), 1.0 - p, dtype=input.dtype, device=input.device))
    return input * (keep / (1.0 - p) if p < 1.0 else keep)


class StochasticDepth(nn.Module):
    def __init__(self, p: float, mode: str):
        super().__init__()
        self.p = p
        self.mode = mode

    def forward(self, input: Tensor) -> Tensor:
        return stochastic_depth(input, self.p, self.mode, self.training)


class Permute(nn.Module):
    def __init__(self, dims: list[int]):
        super().__init__()
        self.dims = dims

    def forward(self, x: Tensor) -> Tensor:
        return torch.permute(x, self.dims)


class SqueezeExcitation(nn.Module):
    """Channel means, two 1x1 convolutions with an activation after each, and the product with the input."""

    def __init__(self, input_channels: int, squeeze_channels: int, activation=nn.ReLU, scale_activation=nn.Sigmoid):
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(input_channels, squeeze_channels, 1)
        self.fc2 = nn.Conv2d(squeeze_channels, input_channels, 1)
        self.activation = activation()
        self.scale_activation = scale_activation()

    def forward(self, input: Tensor) -> Tensor:
        return self.scale_activation(self.fc2(self.activation(self.fc1(self.avgpool(input))))) * input
