"""Euclidean normalization of the last axis."""

import torch
from torch import nn

from ..precision import widened


def l2norm(x: torch.Tensor, eps: float = 1e-6, output_dtype: torch.dtype | None = None) -> torch.Tensor:
    """`x / sqrt(sum(x**2) + eps)` over the last axis, for `x` of shape (..., D), in `output_dtype` or the type of `x`."""
    wide = widened(x)
    scaled = wide * torch.rsqrt(wide.square().sum(-1, keepdim=True) + eps)
    return scaled.to(x.dtype if output_dtype is None else output_dtype)


l2_norm = l2norm


class L2Norm(nn.Module):
    """`l2norm` as a layer without parameters."""

    def __init__(self, eps: float = 1e-6, output_dtype: torch.dtype | None = None):
        super().__init__()
        self.eps = eps
        self.output_dtype = output_dtype

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return l2norm(x, self.eps, self.output_dtype)


__all__ = ["L2Norm", "l2_norm", "l2norm"]
