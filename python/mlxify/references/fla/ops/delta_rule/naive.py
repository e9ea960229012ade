"""The library's own plain forms of the delta rule, with heads before time."""

from ...precision import widened
from ..recurrence import chunked, recurrent


def _time_first(q, k, v, beta):
    q, k, v, beta = (widened(t).transpose(1, 2) for t in (q, k, v, beta))
    return q * q.shape[-1] ** -0.5, k, v, beta


def delta_rule_recurrence(q, k, v, beta, initial_state=None, output_final_state=True):
    """Delta rule of q, k (B, H, T, K), v (B, H, T, V), beta (B, H, T) or like v.

    Returns outputs (B, H, T, V) in the type of `q` and the state (B, H, K, V), or None unless `output_final_state`.
    """
    wide = _time_first(q, k, v, beta)
    if initial_state is None:
        state = wide[0].new_zeros(*q.shape[:2], k.shape[-1], v.shape[-1])
    else:
        state = widened(initial_state)
    o, state = recurrent(*wide, None, state)
    return o.transpose(1, 2).to(q.dtype), state if output_final_state else None


def delta_rule_chunkwise(q, k, v, beta, chunk_size=32):
    """The same in chunks, whose size must divide the length; always returns the state."""
    if q.shape[2] % chunk_size:
        raise AssertionError("the length must be a multiple of chunk_size")
    wide = _time_first(q, k, v, beta)
    state = wide[0].new_zeros(*q.shape[:2], k.shape[-1], v.shape[-1])
    o, state = chunked(*wide, None, state, chunk_size)
    return o.transpose(1, 2).to(v.dtype), state
