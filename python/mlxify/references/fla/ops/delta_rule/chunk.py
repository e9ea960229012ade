"""The delta rule on (batch, time, heads, dim)."""

from functools import partial

import torch

from ...modules.l2norm import l2norm
from ...precision import widened
from ..recurrence import chunked, over_sequences, recurrent


def _delta_rule(rule, q, k, v, beta, scale, initial_state, output_final_state, normalize, cu_seqlens):
    dtype = q.dtype
    if normalize:
        q, k = l2norm(q), l2norm(k)
    scale = k.shape[-1] ** -0.5 if scale is None else scale
    wide = (widened(q) * scale, widened(k), widened(v), widened(beta))
    o, state = over_sequences(rule, cu_seqlens, *wide, None, widened(initial_state))
    return o.to(dtype), state if output_final_state else None


def chunk_delta_rule(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    beta: torch.Tensor,
    scale: float | None = None,
    initial_state: torch.Tensor | None = None,
    output_final_state: bool = False,
    use_qk_l2norm_in_kernel: bool = False,
    cu_seqlens: torch.Tensor | None = None,
    cu_seqlens_cpu: torch.Tensor | None = None,
    **kwargs,
):
    """Delta rule of q, k (B, T, H, K), v (B, T, H, V), beta (B, T, H).

    Returns outputs (B, T, H, V) and the float32 state (N, H, K, V), or None unless `output_final_state`. The library's
    kernel refuses float32 inputs; this one takes them.
    """
    if beta.ndim != 3:
        raise AssertionError("beta must be of shape (batch size, seq len, num of head).")
    rule = partial(chunked, chunk_size=kwargs.get("chunk_size", 64))
    normalize = use_qk_l2norm_in_kernel
    return _delta_rule(rule, q, k, v, beta, scale, initial_state, output_final_state, normalize, cu_seqlens)


def fused_recurrent_delta_rule(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    beta: torch.Tensor | None = None,
    scale: float | None = None,
    initial_state: torch.Tensor | None = None,
    output_final_state: bool = False,
    use_qk_l2norm_in_kernel: bool = False,
    cu_seqlens: torch.Tensor | None = None,
):
    """As `chunk_delta_rule`, token by token; beta may also be (B, T, H, V), and is 1 if left out."""
    beta = torch.ones_like(q[..., 0]) if beta is None else beta
    normalize = use_qk_l2norm_in_kernel
    return _delta_rule(recurrent, q, k, v, beta, scale, initial_state, output_final_state, normalize, cu_seqlens)


def fused_chunk_delta_rule(**kwargs):
    """Removed from the library."""
    raise NotImplementedError("fused_chunk_delta_rule is deprecated. Please use chunk_delta_rule instead.")
