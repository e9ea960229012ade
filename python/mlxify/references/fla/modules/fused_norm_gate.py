"""Norms whose output is gated: `norm(x) * silu(g)` or `norm(x) * sigmoid(g)`, rounded once."""

import torch
import torch.nn.functional as F

from ..precision import widened
from .layernorm import AffineNorm, add_residual, normalize

GATES = {"swish": F.silu, "silu": F.silu, "sigmoid": torch.sigmoid}


def gated_norm(x, g, weight, bias, activation, residual, prenorm, residual_in_fp32, eps, is_rms_norm):
    """The norm of `x` (+ `residual`), all of shape (..., D), times the gate; with `prenorm` also the sum."""
    wide, carried = add_residual(x, residual, residual_in_fp32)
    y = normalize(wide, weight, bias, eps, is_rms_norm) * GATES[activation](widened(g).reshape(wide.shape))
    y = y.to(x.dtype)
    return (y, carried) if prenorm else y


def layer_norm_gated(
    x,
    g,
    weight,
    bias,
    activation="swish",
    residual=None,
    prenorm=False,
    residual_in_fp32=False,
    eps=1e-6,
):
    """Gated layer norm."""
    return gated_norm(x, g, weight, bias, activation, residual, prenorm, residual_in_fp32, eps, False)


def rms_norm_gated(
    x,
    g,
    weight,
    bias,
    activation="swish",
    residual=None,
    prenorm=False,
    residual_in_fp32=False,
    eps=1e-6,
):
    """Gated root-mean-square norm."""
    return gated_norm(x, g, weight, bias, activation, residual, prenorm, residual_in_fp32, eps, True)


def _then_linear(gated, linear_weight, linear_bias, prenorm):
    y, carried = gated
    out = F.linear(y, linear_weight.to(y.dtype), None if linear_bias is None else linear_bias.to(y.dtype))
    return (out, carried) if prenorm else out


def layer_norm_swish_gate_linear(
    x,
    g,
    norm_weight,
    norm_bias,
    linear_weight,
    linear_bias,
    residual=None,
    prenorm=False,
    residual_in_fp32=False,
    eps=1e-6,
):
    """Gated layer norm followed by a linear map."""
    gated = gated_norm(x, g, norm_weight, norm_bias, "swish", residual, True, residual_in_fp32, eps, False)
    return _then_linear(gated, linear_weight, linear_bias, prenorm)


def rms_norm_swish_gate_linear(
    x,
    g,
    norm_weight,
    norm_bias,
    linear_weight,
    linear_bias,
    residual=None,
    prenorm=False,
    residual_in_fp32=False,
    eps=1e-6,
):
    """Gated root-mean-square norm followed by a linear map."""
    gated = gated_norm(x, g, norm_weight, norm_bias, "swish", residual, True, residual_in_fp32, eps, True)
    return _then_linear(gated, linear_weight, linear_bias, prenorm)


def _check_activation(activation):
    if activation not in GATES:
        raise ValueError(f"Unsupported activation: {activation}")


class FusedLayerNormGated(AffineNorm):
    """Layer norm gated by a second input."""

    def __init__(
        self,
        hidden_size,
        elementwise_affine=True,
        bias=False,
        activation="swish",
        eps=1e-5,
        device=None,
        dtype=None,
    ):
        _check_activation(activation)
        super().__init__(hidden_size, elementwise_affine, bias, eps, device, dtype)
        self.activation = activation

    def forward(self, x, g, residual=None, prenorm=False, residual_in_fp32=False):
        return layer_norm_gated(
            x, g, self.weight, self.bias, self.activation, residual, prenorm, residual_in_fp32, self.eps
        )


class FusedRMSNormGated(AffineNorm):
    """Root-mean-square norm gated by a second input."""

    def __init__(
        self,
        hidden_size,
        elementwise_affine=True,
        eps=1e-5,
        activation="swish",
        device=None,
        dtype=None,
    ):
        _check_activation(activation)
        super().__init__(hidden_size, elementwise_affine, False, eps, device, dtype)
        self.activation = activation

    def forward(self, x, g, residual=None, prenorm=False, residual_in_fp32=False):
        return rms_norm_gated(
            x, g, self.weight, self.bias, self.activation, residual, prenorm, residual_in_fp32, self.eps
        )


class FusedLayerNormSwishGate(FusedLayerNormGated):
    """Layer norm gated by silu."""

    def __init__(self, hidden_size, elementwise_affine=True, bias=False, eps=1e-5, device=None, dtype=None):
        super().__init__(hidden_size, elementwise_affine, bias, eps=eps, device=device, dtype=dtype)


class FusedRMSNormSwishGate(FusedRMSNormGated):
    """Root-mean-square norm gated by silu."""

    def __init__(self, hidden_size, elementwise_affine=True, eps=1e-5, device=None, dtype=None):
        super().__init__(hidden_size, elementwise_affine, eps, device=device, dtype=dtype)


class FusedLayerNormGatedLinear(AffineNorm):
    """Layer norm gated by silu, then a linear map whose weights come with the call."""

    def __init__(self, hidden_size, elementwise_affine=True, eps=1e-5, device=None, dtype=None):
        super().__init__(hidden_size, elementwise_affine, False, eps, device, dtype)

    def forward(self, x, g, weight=None, bias=None, residual=None, prenorm=False, residual_in_fp32=False):
        return layer_norm_swish_gate_linear(
            x, g, self.weight, self.bias, weight, bias, residual, prenorm, residual_in_fp32, self.eps
        )


class FusedRMSNormGatedLinear(AffineNorm):
    """Root-mean-square norm gated by silu, then a linear map whose weights come with the call."""

    def __init__(self, hidden_size, elementwise_affine=True, eps=1e-5, device=None, dtype=None):
        super().__init__(hidden_size, elementwise_affine, False, eps, device, dtype)

    def forward(self, x, g, weight=None, bias=None, residual=None, prenorm=False, residual_in_fp32=False):
        return rms_norm_swish_gate_linear(
            x, g, self.weight, self.bias, weight, bias, residual, prenorm, residual_in_fp32, self.eps
        )


FusedLayerNormSwishGateLinear = FusedLayerNormGatedLinear
FusedRMSNormSwishGateLinear = FusedRMSNormGatedLinear

__all__ = [
    "FusedLayerNormGated",
    "FusedLayerNormGatedLinear",
    "FusedLayerNormSwishGate",
    "FusedLayerNormSwishGateLinear",
    "FusedRMSNormGated",
    "FusedRMSNormGatedLinear",
    "FusedRMSNormSwishGate",
    "FusedRMSNormSwishGateLinear",
    "layer_norm_gated",
    "layer_norm_swish_gate_linear",
    "rms_norm_gated",
    "rms_norm_swish_gate_linear",
]
