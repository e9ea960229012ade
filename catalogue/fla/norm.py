"""Norms of flash-linear-attention over the last axis.

They compute in float32 and answer in the type of the input. `residual` is added first; with `prenorm` the sum is returned as
well, in the type of the residual, or in float32 on request.
"""

from mlxify.catalogue import *


@definition(
    "fla.modules.l2norm.l2norm",
    "fla.modules.l2norm.l2_norm",
    "fla.modules.norm.l2norm.l2norm",
    "fla.modules.norm.l2norm.l2_norm",
)
def l2norm(x, eps=1e-6, output_dtype=None):
    """Scales the last axis of x (..., D) to Euclidean length 1."""
    # x / sqrt(sum(x * x) + eps) is a root-mean-square norm, up to the factor sqrt(D)
    size = x.shape[-1]
    y = mx.fast.rms_norm(x.astype(mx.float32), None, eps / size) * size**-0.5
    return y.astype(output_dtype or x.dtype)


@definition(
    "fla.modules.L2Norm", "fla.modules.l2norm.L2Norm", "fla.modules.norm.L2Norm", "fla.modules.norm.l2norm.L2Norm"
)
class L2Norm(nn.Module):
    """Scales the last axis to Euclidean length 1."""

    def __init__(self, eps=1e-6, output_dtype=None):
        super().__init__()
        self.eps = eps
        self.output_dtype = output_dtype

    def __call__(self, x):
        return l2norm(x, self.eps, self.output_dtype)


@definition(
    "fla.modules.RMSNorm",
    "fla.modules.layernorm.RMSNorm",
    "fla.modules.norm.RMSNorm",
    "fla.modules.norm.layernorm.RMSNorm",
)
class RMSNorm(nn.Module):
    """Root-mean-square norm of the last axis; with `prenorm` also returns x + residual."""

    def __init__(self, hidden_size, elementwise_affine=True, bias=False, eps=1e-5, device=None, dtype=None):
        super().__init__()
        self.hidden_size = hidden_size
        self.eps = eps
        self.weight = mx.ones((hidden_size,), dtype) if elementwise_affine else None
        self.bias = mx.zeros((hidden_size,), dtype) if elementwise_affine and bias else None

    def __call__(self, x, residual=None, prenorm=False, residual_in_fp32=False):
        total = x if residual is None else x.astype(mx.float32) + residual
        y = mx.fast.rms_norm(total, self.weight, self.eps)
        if self.bias is not None:
            y = y + self.bias
        y = y.astype(x.dtype)
        if not prenorm:
            return y
        wanted = mx.float32 if residual_in_fp32 else x.dtype
        return y, total.astype(wanted if residual is None else residual.dtype)


@definition(
    "fla.modules.LayerNorm",
    "fla.modules.layernorm.LayerNorm",
    "fla.modules.norm.LayerNorm",
    "fla.modules.norm.layernorm.LayerNorm",
)
class LayerNorm(nn.Module):
    """Layer norm of the last axis, by default without bias; with `prenorm` also returns x + residual."""

    def __init__(self, hidden_size, elementwise_affine=True, bias=False, eps=1e-5, device=None, dtype=None):
        super().__init__()
        self.hidden_size = hidden_size
        self.eps = eps
        self.weight = mx.ones((hidden_size,), dtype) if elementwise_affine else None
        self.bias = mx.zeros((hidden_size,), dtype) if elementwise_affine and bias else None

    def __call__(self, x, residual=None, prenorm=False, residual_in_fp32=False):
        total = x if residual is None else x.astype(mx.float32) + residual
        y = mx.fast.layer_norm(total, self.weight, self.bias, self.eps).astype(x.dtype)
        if not prenorm:
            return y
        wanted = mx.float32 if residual_in_fp32 else x.dtype
        return y, total.astype(wanted if residual is None else residual.dtype)


@definition(
    "fla.modules.GroupNorm",
    "fla.modules.layernorm.GroupNorm",
    "fla.modules.norm.GroupNorm",
    "fla.modules.norm.layernorm.GroupNorm",
)
class GroupNorm(nn.Module):
    """Norm of each of `num_groups` parts of the last axis; with `prenorm` also returns x + residual."""

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
        super().__init__()
        if hidden_size % num_groups != 0:
            raise ValueError("num_channels must be divisible by num_groups")
        self.num_groups = num_groups
        self.hidden_size = hidden_size
        self.eps = eps
        self.is_rms_norm = is_rms_norm
        self.weight = mx.ones((hidden_size,), dtype) if elementwise_affine else None
        self.bias = mx.zeros((hidden_size,), dtype) if elementwise_affine and bias else None

    def __call__(self, x, residual=None, prenorm=False, residual_in_fp32=False):
        total = x.astype(mx.float32)
        if residual is not None:
            total = total + residual
        groups = total.reshape(*x.shape[:-1], self.num_groups, -1)
        if self.is_rms_norm:
            groups = mx.fast.rms_norm(groups, None, self.eps)
        else:
            groups = mx.fast.layer_norm(groups, None, None, self.eps)
        y = groups.reshape(x.shape)
        if self.weight is not None:
            y = y * self.weight
        if self.bias is not None:
            y = y + self.bias
        y = y.astype(x.dtype)
        if not prenorm:
            return y
        wanted = mx.float32 if residual_in_fp32 else x.dtype
        return y, total.astype(wanted if residual is None else residual.dtype)
