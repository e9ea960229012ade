"""Layers."""

from .convolution import ImplicitLongConvolution, LongConvolution, ShortConvolution
from .fused_norm_gate import (
    FusedLayerNormGated,
    FusedLayerNormSwishGate,
    FusedLayerNormSwishGateLinear,
    FusedRMSNormGated,
    FusedRMSNormSwishGate,
    FusedRMSNormSwishGateLinear,
)
from .l2norm import L2Norm
from .layernorm import GroupNorm, GroupNormLinear, LayerNorm, LayerNormLinear, RMSNorm, RMSNormLinear
from .mlp import GatedMLP
from .rotary import RotaryEmbedding
from .token_shift import TokenShift

__all__ = [
    "FusedLayerNormGated",
    "FusedLayerNormSwishGate",
    "FusedLayerNormSwishGateLinear",
    "FusedRMSNormGated",
    "FusedRMSNormSwishGate",
    "FusedRMSNormSwishGateLinear",
    "GatedMLP",
    "GroupNorm",
    "GroupNormLinear",
    "ImplicitLongConvolution",
    "L2Norm",
    "LayerNorm",
    "LayerNormLinear",
    "LongConvolution",
    "RMSNorm",
    "RMSNormLinear",
    "RotaryEmbedding",
    "ShortConvolution",
    "TokenShift",
]
