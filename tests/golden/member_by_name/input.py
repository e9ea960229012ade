import torch
import torch.nn.functional as F
from torch import nn

NAMES = ["ReLU", "Tanh"]


class Layer(nn.Module):
    def __init__(self, dim: int, n_dim: int = 1, activation: str = "ReLU"):
        super().__init__()
        assert activation in NAMES
        self.drop = getattr(nn, f"Dropout{n_dim}d")(0.0)
        self.norm = getattr(nn, "LayerNorm")(dim)
        self.act = getattr(nn, activation)()
        self.squash = getattr(F, "softplus")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.squash(self.act(self.norm(self.drop(x))))


def norm_of(kind: str, axes: int, dim: int) -> nn.Module:
    class_name = "{}Norm{}d".format(kind, axes)
    return getattr(nn, class_name)(dim)


def pad_of(kind: str, width: int) -> nn.Module:
    return getattr(nn, f"{kind}Pad1d")(width)
