"""The library's own plain forms of the gated delta rule; they compute and answer in float32."""

from functools import partial

from ...precision import widened
from ..recurrence import chunked, over_sequences, recurrent


def _gated(rule, q, k, v, beta, g, scale, initial_state, output_final_state):
    scale = q.shape[-1] ** -0.5 if scale is None else scale
    wide = (widened(q) * scale, widened(k), widened(v), widened(beta), widened(g))
    o, state = over_sequences(rule, None, *wide, widened(initial_state))
    return o, state if output_final_state else None


def naive_recurrent_gated_delta_rule(
    q,
    k,
    v,
    beta,
    g,
    scale=None,
    initial_state=None,
    output_final_state=False,
):
    """Token by token: q, k (B, T, H, K), v (B, T, H, V), beta and the log decay g (B, T, H)."""
    return _gated(recurrent, q, k, v, beta, g, scale, initial_state, output_final_state)


def naive_chunk_gated_delta_rule(
    q,
    k,
    v,
    g,
    beta,
    chunk_size=64,
    scale=None,
    initial_state=None,
    output_final_state=False,
):
    """In chunks; note that `g` comes before `beta` here."""
    rule = partial(chunked, chunk_size=chunk_size)
    return _gated(rule, q, k, v, beta, g, scale, initial_state, output_final_state)
