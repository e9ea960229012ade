"""The (gated) delta rule of flash-linear-attention, on (batch, time, heads, dim)."""

from catalogue.fla.norm import l2norm

from mlxify.catalogue import *


def _inverse_of_unit_lower(strict):
    """(I + strict)^-1 for strictly lower triangular matrices (..., C, C), row by row.

    Differentiable, unlike mx.linalg.solve_triangular, and stable where powers of the matrix grow, unlike a product.
    """
    size = strict.shape[-1]
    rows = [mx.broadcast_to(mx.eye(size, dtype=strict.dtype)[:1], (*strict.shape[:-2], 1, size))]
    for i in range(1, size):
        row = mx.eye(size, dtype=strict.dtype)[i : i + 1]
        rows.append(row - strict[..., i : i + 1, :i] @ mx.concatenate(rows, axis=-2))
    return mx.concatenate(rows, axis=-2)


def _delta_rule_chunks(q, k, v, beta, log_decay, state, chunk_size):
    """Outputs (B, T, H, V) and final state (B, H, K, V), chunk by chunk, in float32.

    S_t = a_t S_{t-1} + k_t (beta_t (v_t - a_t S_{t-1}^T k_t))^T and o_t = S_t^T q_t, with a = exp(log_decay).
    Inside a chunk the updates of all tokens solve one triangular system.
    """
    batch, length, heads = beta.shape
    # whole chunks: tokens with beta = 0 and k = 0 change nothing
    missing = -length % chunk_size
    chunks = (batch, heads, -1, chunk_size)
    q, k, v = [
        mx.pad(t.astype(mx.float32).swapaxes(1, 2), [(0, 0), (0, 0), (0, missing), (0, 0)]).reshape(
            *chunks, t.shape[-1]
        )
        for t in (q, k, v)
    ]
    beta, log_decay = [
        mx.pad(t.astype(mx.float32).swapaxes(1, 2), [(0, 0), (0, 0), (0, missing)]).reshape(chunks)
        for t in (beta, log_decay)
    ]
    decay = mx.cumsum(log_decay, axis=-1)
    # the upper triangle is cut before exp could overflow
    between = mx.tril(mx.exp(mx.tril(decay[..., :, None] - decay[..., None, :])))
    since_start, until_end = mx.exp(decay)[..., None], mx.exp(decay[..., -1:] - decay)[..., None]
    inverse = _inverse_of_unit_lower(mx.tril(beta[..., None] * (k @ k.swapaxes(-1, -2)) * between, -1))
    values, keys = inverse @ (beta[..., None] * v), inverse @ (beta[..., None] * since_start * k)
    attention = (q @ k.swapaxes(-1, -2)) * between
    outputs = []
    for n in range(q.shape[2]):
        update = values[:, :, n] - keys[:, :, n] @ state
        outputs.append((q[:, :, n] * since_start[:, :, n]) @ state + attention[:, :, n] @ update)
        carried = state * mx.exp(decay[:, :, n, -1])[..., None, None]
        state = carried + (k[:, :, n] * until_end[:, :, n]).swapaxes(-1, -2) @ update
    return mx.concatenate(outputs, axis=2).swapaxes(1, 2)[:, :length], state


@definition(
    "fla.ops.gated_delta_rule.chunk_gated_delta_rule",
    "fla.ops.gated_delta_rule.chunk.chunk_gated_delta_rule",
    "fla.ops.gated_delta_rule.chunk_gdn",
    "fla.ops.gated_delta_rule.chunk.chunk_gdn",
)
def chunk_gated_delta_rule(
    q,
    k,
    v,
    g,
    beta,
    scale=None,
    initial_state=None,
    output_final_state=False,
    use_qk_l2norm_in_kernel=False,
    cu_seqlens=None,
    chunk_size=64,
):
    """Gated delta rule of q, k (B, T, H, K), v (B, T, HV, V), log decay g and beta (B, T, HV).

    Returns outputs (B, T, HV, V) and the float32 state (N, HV, K, V), or None unless `output_final_state`. With
    `cu_seqlens` (N + 1,) the batch is 1 and holds N sequences.
    """
    if use_qk_l2norm_in_kernel:
        q, k = l2norm(q), l2norm(k)
    scale = k.shape[-1] ** -0.5 if scale is None else scale
    # grouped values: each key head serves several value heads
    q, k = [mx.repeat(t, v.shape[2] // t.shape[2], axis=2) for t in (q.astype(mx.float32) * scale, k)]
    bounds = [0, q.shape[1]] if cu_seqlens is None else cu_seqlens.tolist()
    sequences = len(bounds) - 1 if cu_seqlens is not None else q.shape[0]
    state = initial_state
    if state is None:
        state = mx.zeros((sequences, v.shape[2], k.shape[-1], v.shape[-1]))
    outputs, states = [], []
    for n, (start, stop) in enumerate(zip(bounds[:-1], bounds[1:])):
        pieces = [t[:, start:stop] for t in (q, k, v, beta, g)]
        first = state if cu_seqlens is None else state[n : n + 1]
        y, last = _delta_rule_chunks(*pieces, first, chunk_size) if stop > start else (pieces[2], first)
        outputs.append(y)
        states.append(last)
    y = mx.concatenate(outputs, axis=1).astype(v.dtype)
    return y, mx.concatenate(states) if output_final_state else None


@definition(
    "fla.ops.delta_rule.chunk_delta_rule",
    "fla.ops.delta_rule.chunk.chunk_delta_rule",
    "fla.ops.delta_rule.fused_recurrent_delta_rule",
    "fla.ops.delta_rule.fused_recurrent.fused_recurrent_delta_rule",
)
def chunk_delta_rule(
    q,
    k,
    v,
    beta=None,
    scale=None,
    initial_state=None,
    output_final_state=False,
    use_qk_l2norm_in_kernel=False,
    cu_seqlens=None,
    cu_seqlens_cpu=None,
    chunk_size=64,
):
    """Delta rule of q, k (B, T, H, K), v (B, T, H, V), beta (B, T, H); results as of `chunk_gated_delta_rule`."""
    beta = mx.ones(v.shape[:-1], v.dtype) if beta is None else beta
    return chunk_gated_delta_rule(
        q,
        k,
        v,
        mx.zeros(beta.shape),
        beta,
        scale,
        initial_state,
        output_final_state,
        use_qk_l2norm_in_kernel,
        cu_seqlens,
        chunk_size,
    )
