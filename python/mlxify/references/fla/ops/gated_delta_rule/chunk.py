"""The gated delta rule on (batch, time, heads, dim), with decay computed by the caller."""

from functools import partial

import torch

from ...modules.l2norm import l2norm
from ...precision import widened
from ..recurrence import chunked, over_sequences, recurrent

KERNEL_OPTIONS = ("use_gate_in_kernel", "use_beta_sigmoid_in_kernel", "allow_neg_eigval", "state_v_first", "gk", "gv")


def _gated_delta_rule(rule, q, k, v, g, beta, scale, state, output_final_state, normalize, cu_seqlens, options):
    asked = [name for name in KERNEL_OPTIONS if options.get(name) not in (None, False)]
    if asked:
        raise NotImplementedError(f"the plain-torch reference has no {', '.join(asked)}")
    dtype = q.dtype
    if normalize:
        q, k = l2norm(q), l2norm(k)
    scale = k.shape[-1] ** -0.5 if scale is None else scale
    # grouped values: each key head serves several value heads
    shared = v.shape[2] // q.shape[2]
    q, k = (t.repeat_interleave(shared, dim=2) for t in (widened(q) * scale, widened(k)))
    o, state = over_sequences(rule, cu_seqlens, q, k, widened(v), widened(beta), widened(g), widened(state))
    return o.to(dtype), state if output_final_state else None


def chunk_gated_delta_rule(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    g: torch.Tensor,
    beta: torch.Tensor,
    scale: float | None = None,
    initial_state: torch.Tensor | None = None,
    output_final_state: bool = False,
    use_qk_l2norm_in_kernel: bool = False,
    cu_seqlens: torch.Tensor | None = None,
    **options,
):
    """Gated delta rule of q, k (B, T, H, K), v (B, T, HV, V), log decay g and beta (B, T, HV).

    Returns outputs (B, T, HV, V) and the float32 state (N, HV, K, V), or None unless `output_final_state`.
    """
    rule, normalize = partial(chunked, chunk_size=options.get("chunk_size", 64)), use_qk_l2norm_in_kernel
    return _gated_delta_rule(
        rule, q, k, v, g, beta, scale, initial_state, output_final_state, normalize, cu_seqlens, options
    )


def fused_recurrent_gated_delta_rule(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    g: torch.Tensor | None = None,
    gk: torch.Tensor | None = None,
    gv: torch.Tensor | None = None,
    beta: torch.Tensor | None = None,
    scale: float | None = None,
    initial_state: torch.Tensor | None = None,
    output_final_state: bool = False,
    use_qk_l2norm_in_kernel: bool = False,
    cu_seqlens: torch.Tensor | None = None,
    **options,
):
    """As `chunk_gated_delta_rule`, token by token; no decay without `g`, and beta is 1 if left out."""
    beta = v.new_ones(v.shape[:-1]) if beta is None else beta
    options = {**options, "gk": gk, "gv": gv}
    normalize = use_qk_l2norm_in_kernel
    return _gated_delta_rule(
        recurrent, q, k, v, g, beta, scale, initial_state, output_final_state, normalize, cu_seqlens, options
    )


chunk_gdn = chunk_gated_delta_rule
fused_recurrent_gdn = fused_recurrent_gated_delta_rule
