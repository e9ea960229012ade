"""Mamba-2 style norms: over groups of the last axis, gated by silu before or after the norm."""

import torch
import torch.nn.functional as F
from torch import nn

from ..precision import widened
from .layernorm import normalize


def layernorm_fn(
    x,
    weight,
    bias,
    z=None,
    eps=1e-6,
    group_size=None,
    norm_before_gate=True,
    is_rms_norm=False,
):
    """Norm over groups of `group_size` channels of `x` (..., D), multiplied by silu(z) after it, or before."""
    wide = widened(x)
    gate = None if z is None else F.silu(widened(z))
    if gate is not None and not norm_before_gate:
        wide = wide * gate
    groups = 1 if group_size is None else x.shape[-1] // group_size
    y = normalize(wide, weight, bias, eps, is_rms_norm, groups)
    if gate is not None and norm_before_gate:
        y = y * gate
    return y.to(x.dtype)


def rmsnorm_fn(x, weight, bias, z=None, eps=1e-6, group_size=None, norm_before_gate=True):
    """`layernorm_fn` without the mean."""
    return layernorm_fn(x, weight, bias, z, eps, group_size, norm_before_gate, True)


class LayerNormGated(nn.Module):
    """Layer norm with weight and bias, optionally over groups, optionally gated."""

    def __init__(self, hidden_size, eps=1e-5, group_size=None, norm_before_gate=True, device=None, dtype=None):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(hidden_size, device=device, dtype=dtype))
        self.bias = nn.Parameter(torch.zeros(hidden_size, device=device, dtype=dtype))
        self.group_size = group_size
        self.norm_before_gate = norm_before_gate

    def forward(self, x, z=None):
        return layernorm_fn(x, self.weight, self.bias, z, self.eps, self.group_size, self.norm_before_gate)


class RMSNormGated(nn.Module):
    """Root-mean-square norm, optionally over groups, gated before the norm unless told otherwise."""

    def __init__(self, hidden_size, eps=1e-5, group_size=None, norm_before_gate=False, device=None, dtype=None):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(hidden_size, device=device, dtype=dtype))
        self.register_parameter("bias", None)
        self.group_size = group_size
        self.norm_before_gate = norm_before_gate

    def forward(self, x, z=None):
        return rmsnorm_fn(x, self.weight, self.bias, z, self.eps, self.group_size, self.norm_before_gate)


__all__ = ["LayerNormGated", "RMSNormGated", "layernorm_fn", "rmsnorm_fn"]
