"""Where torchvision keeps its small layers."""

from . import MLP, Conv2dNormActivation, Permute, SqueezeExcitation

__all__ = ["MLP", "Conv2dNormActivation", "Permute", "SqueezeExcitation"]
