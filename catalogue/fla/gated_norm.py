"""Norms of flash-linear-attention that a second input gates; float32 inside, the input's type outside."""

from mlxify.catalogue import *


@definition(
    "fla.modules.FusedRMSNormGated",
    "fla.modules.fused_norm_gate.FusedRMSNormGated",
    "fla.modules.norm.FusedRMSNormGated",
    "fla.modules.norm.fused_norm_gate.FusedRMSNormGated",
)
class FusedRMSNormGated(nn.Module):
    """Root-mean-square norm of x times silu(g) or sigmoid(g); with `prenorm` also returns x + residual."""

    def __init__(self, hidden_size, elementwise_affine=True, eps=1e-5, activation="swish", device=None, dtype=None):
        super().__init__()
        if activation not in ("swish", "silu", "sigmoid"):
            raise ValueError(f"Unsupported activation: {activation}")
        self.hidden_size = hidden_size
        self.eps = eps
        self.activation = activation
        self.weight = mx.ones((hidden_size,), dtype) if elementwise_affine else None

    def __call__(self, x, g, residual=None, prenorm=False, residual_in_fp32=False):
        total = x.astype(mx.float32)
        if residual is not None:
            total = total + residual
        gate = mx.sigmoid if self.activation == "sigmoid" else nn.silu
        y = mx.fast.rms_norm(total, self.weight, self.eps) * gate(g.astype(mx.float32))
        y = y.astype(x.dtype)
        if not prenorm:
            return y
        wanted = mx.float32 if residual_in_fp32 else x.dtype
        return y, total.astype(wanted if residual is None else residual.dtype)


@definition(
    "fla.modules.FusedRMSNormSwishGate",
    "fla.modules.fused_norm_gate.FusedRMSNormSwishGate",
    "fla.modules.norm.FusedRMSNormSwishGate",
    "fla.modules.norm.fused_norm_gate.FusedRMSNormSwishGate",
)
class FusedRMSNormSwishGate(FusedRMSNormGated):
    """Root-mean-square norm of x times silu(g)."""

    def __init__(self, hidden_size, elementwise_affine=True, eps=1e-5, device=None, dtype=None):
        super().__init__(hidden_size, elementwise_affine, eps, dtype=dtype)


@definition(
    "fla.modules.FusedLayerNormGated",
    "fla.modules.fused_norm_gate.FusedLayerNormGated",
    "fla.modules.norm.FusedLayerNormGated",
    "fla.modules.norm.fused_norm_gate.FusedLayerNormGated",
)
class FusedLayerNormGated(nn.Module):
    """Layer norm of x times silu(g) or sigmoid(g); with `prenorm` also returns x + residual."""

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
        super().__init__()
        if activation not in ("swish", "silu", "sigmoid"):
            raise ValueError(f"Unsupported activation: {activation}")
        self.hidden_size = hidden_size
        self.eps = eps
        self.activation = activation
        self.weight = mx.ones((hidden_size,), dtype) if elementwise_affine else None
        self.bias = mx.zeros((hidden_size,), dtype) if elementwise_affine and bias else None

    def __call__(self, x, g, residual=None, prenorm=False, residual_in_fp32=False):
        total = x.astype(mx.float32)
        if residual is not None:
            total = total + residual
        gate = mx.sigmoid if self.activation == "sigmoid" else nn.silu
        y = mx.fast.layer_norm(total, self.weight, self.bias, self.eps) * gate(g.astype(mx.float32))
        y = y.astype(x.dtype)
        if not prenorm:
            return y
        wanted = mx.float32 if residual_in_fp32 else x.dtype
        return y, total.astype(wanted if residual is None else residual.dtype)


@definition(
    "fla.modules.FusedLayerNormSwishGate",
    "fla.modules.fused_norm_gate.FusedLayerNormSwishGate",
    "fla.modules.norm.FusedLayerNormSwishGate",
    "fla.modules.norm.fused_norm_gate.FusedLayerNormSwishGate",
)
class FusedLayerNormSwishGate(FusedLayerNormGated):
    """Layer norm of x times silu(g)."""

    def __init__(self, hidden_size, elementwise_affine=True, bias=False, eps=1e-5, device=None, dtype=None):
        super().__init__(hidden_size, elementwise_affine, bias, eps=eps, dtype=dtype)


@definition(
    "fla.modules.layernorm_gated.RMSNormGated",
    "fla.modules.norm.RMSNormGated",
    "fla.modules.norm.layernorm_gated.RMSNormGated",
)
class RMSNormGated(nn.Module):
    """Root-mean-square norm over groups of `group_size` channels, times silu(z) after it or before."""

    def __init__(self, hidden_size, eps=1e-5, group_size=None, norm_before_gate=False, device=None, dtype=None):
        super().__init__()
        self.eps = eps
        self.weight = mx.ones((hidden_size,), dtype)
        self.group_size = group_size or hidden_size
        self.norm_before_gate = norm_before_gate

    def __call__(self, x, z=None):
        gate = 1.0 if z is None else nn.silu(z.astype(mx.float32))
        y = x.astype(mx.float32)
        if not self.norm_before_gate:
            y = y * gate
        groups = y.reshape(*x.shape[:-1], -1, self.group_size)
        y = mx.fast.rms_norm(groups, None, self.eps).reshape(x.shape) * self.weight
        if self.norm_before_gate:
            y = y * gate
        return y.astype(x.dtype)


@definition(
    "fla.modules.layernorm_gated.LayerNormGated",
    "fla.modules.norm.LayerNormGated",
    "fla.modules.norm.layernorm_gated.LayerNormGated",
)
class LayerNormGated(nn.Module):
    """Layer norm over groups of `group_size` channels, times silu(z) after it or before."""

    def __init__(self, hidden_size, eps=1e-5, group_size=None, norm_before_gate=True, device=None, dtype=None):
        super().__init__()
        self.eps = eps
        self.weight = mx.ones((hidden_size,), dtype)
        self.bias = mx.zeros((hidden_size,), dtype)
        self.group_size = group_size or hidden_size
        self.norm_before_gate = norm_before_gate

    def __call__(self, x, z=None):
        gate = 1.0 if z is None else nn.silu(z.astype(mx.float32))
        y = x.astype(mx.float32)
        if not self.norm_before_gate:
            y = y * gate
        groups = y.reshape(*x.shape[:-1], -1, self.group_size)
        y = mx.fast.layer_norm(groups, None, None, self.eps).reshape(x.shape) * self.weight + self.bias
        if self.norm_before_gate:
            y = y * gate
        return y.astype(x.dtype)
