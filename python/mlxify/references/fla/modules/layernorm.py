"""Layer, group and root-mean-square norms over the last axis, with an optional residual."""

import torch
import torch.nn.functional as F
from torch import nn

from ..precision import widened


def add_residual(x, residual, residual_in_fp32):
    """The sum that is normalized (in float32), and that sum as it is handed on to the next layer.

    The second is in the type of `residual`; without one in float32 if asked for, else it is `x` itself.
    """
    wide = widened(x)
    if residual is not None:
        if residual.shape != x.shape:
            raise AssertionError(f"residual has shape {tuple(residual.shape)}, x has {tuple(x.shape)}")
        wide = wide + widened(residual)
        return wide, wide.to(residual.dtype)
    return wide, wide if residual_in_fp32 else x


def normalize(wide, weight, bias, eps, is_rms_norm=False, num_groups=1):
    """Normalizes each of `num_groups` equal parts of the last axis, then scales and shifts the whole axis."""
    if wide.shape[-1] % num_groups:
        raise ValueError("num_channels must be divisible by num_groups")
    grouped = wide.unflatten(-1, (num_groups, -1))
    if not is_rms_norm:
        grouped = grouped - grouped.mean(-1, keepdim=True)
    grouped = grouped * torch.rsqrt(grouped.square().mean(-1, keepdim=True) + eps)
    y = grouped.flatten(-2)
    if weight is not None:
        y = y * widened(weight)
    if bias is not None:
        y = y + widened(bias)
    return y


def group_norm(
    x,
    weight,
    bias,
    residual=None,
    eps=1e-5,
    prenorm=False,
    residual_in_fp32=False,
    is_rms_norm=False,
    num_groups=1,
):
    """Group norm over the last axis of `x` (..., D); with `prenorm` also the sum of `x` and `residual`."""
    wide, carried = add_residual(x, residual, residual_in_fp32)
    y = normalize(wide, weight, bias, eps, is_rms_norm, num_groups).to(x.dtype)
    return (y, carried) if prenorm else y


def layer_norm(x, weight, bias, residual=None, eps=1e-5, prenorm=False, residual_in_fp32=False, is_rms_norm=False):
    """Layer norm over the last axis."""
    return group_norm(x, weight, bias, residual, eps, prenorm, residual_in_fp32, is_rms_norm)


def rms_norm(x, weight, bias, residual=None, eps=1e-5, prenorm=False, residual_in_fp32=False):
    """Root-mean-square norm over the last axis."""
    return group_norm(x, weight, bias, residual, eps, prenorm, residual_in_fp32, True)


def group_norm_linear(
    x,
    norm_weight,
    norm_bias,
    linear_weight,
    linear_bias,
    residual=None,
    eps=1e-5,
    prenorm=False,
    residual_in_fp32=False,
    is_rms_norm=False,
    num_groups=1,
):
    """Group norm followed by a linear map, whose weights are taken in the type of the norm's output."""
    wide, carried = add_residual(x, residual, residual_in_fp32)
    y = normalize(wide, norm_weight, norm_bias, eps, is_rms_norm, num_groups).to(x.dtype)
    out = F.linear(y, linear_weight.to(y.dtype), None if linear_bias is None else linear_bias.to(y.dtype))
    return (out, carried) if prenorm else out


def layer_norm_linear(
    x,
    norm_weight,
    norm_bias,
    linear_weight,
    linear_bias,
    residual=None,
    eps=1e-5,
    prenorm=False,
    residual_in_fp32=False,
    is_rms_norm=False,
    num_groups=1,
):
    """Layer norm followed by a linear map."""
    return group_norm_linear(
        x,
        norm_weight,
        norm_bias,
        linear_weight,
        linear_bias,
        residual,
        eps,
        prenorm,
        residual_in_fp32,
        is_rms_norm,
        num_groups,
    )


def rms_norm_linear(
    x,
    norm_weight,
    norm_bias,
    linear_weight,
    linear_bias,
    residual=None,
    eps=1e-5,
    prenorm=False,
    residual_in_fp32=False,
):
    """Root-mean-square norm followed by a linear map."""
    return group_norm_linear(
        x,
        norm_weight,
        norm_bias,
        linear_weight,
        linear_bias,
        residual,
        eps,
        prenorm,
        residual_in_fp32,
        is_rms_norm=True,
    )


class AffineNorm(nn.Module):
    """What the norms share: an optional `weight` of ones and an optional `bias` of zeros, both of shape (hidden_size,)."""

    def __init__(self, hidden_size, elementwise_affine, bias, eps, device, dtype):
        super().__init__()
        self.hidden_size = hidden_size
        self.elementwise_affine = elementwise_affine
        self.eps = eps
        self.register_parameter("weight", None)
        self.register_parameter("bias", None)
        if elementwise_affine:
            self.weight = nn.Parameter(torch.empty(hidden_size, device=device, dtype=dtype))
            if bias:
                self.bias = nn.Parameter(torch.empty(hidden_size, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self):
        if self.weight is not None:
            nn.init.ones_(self.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def extra_repr(self):
        return f"{self.hidden_size}, elementwise_affine={self.elementwise_affine}, eps={self.eps}"


class LayerNorm(AffineNorm):
    """Layer norm over the last axis; without a bias unless asked for."""

    def __init__(self, hidden_size, elementwise_affine=True, bias=False, eps=1e-5, device=None, dtype=None):
        super().__init__(hidden_size, elementwise_affine, bias, eps, device, dtype)

    def forward(self, x, residual=None, prenorm=False, residual_in_fp32=False):
        return layer_norm(x, self.weight, self.bias, residual, self.eps, prenorm, residual_in_fp32)


class RMSNorm(AffineNorm):
    """Root-mean-square norm over the last axis."""

    def __init__(self, hidden_size, elementwise_affine=True, bias=False, eps=1e-5, device=None, dtype=None):
        super().__init__(hidden_size, elementwise_affine, bias, eps, device, dtype)

    def forward(self, x, residual=None, prenorm=False, residual_in_fp32=False):
        return rms_norm(x, self.weight, self.bias, residual, self.eps, prenorm, residual_in_fp32)


class GroupNorm(AffineNorm):
    """Group norm whose channels are the last axis (torch.nn.GroupNorm has them on axis 1)."""

    def __init__(
        self,
        num_groups,
        hidden_size,
        elementwise_affine=True,
        bias=False,
        eps=1e-5,
        is_rms_norm=False,
        device=None,
        dtype=None,
    ):
        if hidden_size % num_groups:
            raise ValueError("num_channels must be divisible by num_groups")
        super().__init__(hidden_size, elementwise_affine, bias, eps, device, dtype)
        self.num_groups = num_groups
        self.is_rms_norm = is_rms_norm

    def forward(self, x, residual=None, prenorm=False, residual_in_fp32=False):
        return group_norm(
            x,
            self.weight,
            self.bias,
            residual,
            self.eps,
            prenorm,
            residual_in_fp32,
            self.is_rms_norm,
            self.num_groups,
        )


class LayerNormLinear(LayerNorm):
    """Layer norm followed by a linear map whose weights come with the call."""

    def forward(self, x, weight, bias, residual=None, prenorm=False, residual_in_fp32=False):
        return layer_norm_linear(x, self.weight, self.bias, weight, bias, residual, self.eps, prenorm, residual_in_fp32)


class RMSNormLinear(RMSNorm):
    """Root-mean-square norm followed by a linear map whose weights come with the call."""

    def forward(self, x, weight, bias, residual=None, prenorm=False, residual_in_fp32=False):
        return rms_norm_linear(x, self.weight, self.bias, weight, bias, residual, self.eps, prenorm, residual_in_fp32)


class GroupNormLinear(GroupNorm):
    """Group norm followed by a linear map whose weights come with the call."""

    def forward(self, x, weight, bias, residual=None, prenorm=False, residual_in_fp32=False):
        return group_norm_linear(
            x,
            self.weight,
            self.bias,
            weight,
            bias,
            residual,
            self.eps,
            prenorm,
            residual_in_fp32,
            self.is_rms_norm,
            self.num_groups,
        )


__all__ = [
    "GroupNorm",
    "GroupNormLinear",
    "LayerNorm",
    "LayerNormLinear",
    "RMSNorm",
    "RMSNormLinear",
    "group_norm",
    "group_norm_linear",
    "layer_norm",
    "layer_norm_linear",
    "rms_norm",
    "rms_norm_linear",
]
