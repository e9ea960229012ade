"""The (gated) delta rule, one token at a time and in chunks; both compute the same.

    S_t = a_t S_{t-1} + k_t (beta_t (v_t - a_t S_{t-1}^T k_t))^T        o_t = S_t^T q_t

Here q, k are (B, T, H, K), v is (B, T, H, V), beta is (B, T, H) or like v, log_decay = log(a) is (B, T, H) or None, and the
state S is (B, H, K, V).
"""

import torch
import torch.nn.functional as F


def recurrent(q, k, v, beta, log_decay, state):
    """Token by token; returns outputs (B, T, H, V) and the last state."""
    beta = beta[..., None] if beta.ndim < v.ndim else beta
    outputs = []
    for t in range(q.shape[1]):
        if log_decay is not None:
            state = state * log_decay[:, t, :, None, None].exp()
        error = v[:, t] - torch.einsum("bhkv,bhk->bhv", state, k[:, t])
        state = state + k[:, t, :, :, None] * (beta[:, t] * error)[:, :, None]
        outputs.append(torch.einsum("bhkv,bhk->bhv", state, q[:, t]))
    return torch.stack(outputs, dim=1) if outputs else torch.zeros_like(v), state


def chunked(q, k, v, beta, log_decay, state, chunk_size):
    """Chunk by chunk: inside a chunk the updates of all tokens come from one triangular system."""
    length = q.shape[1]
    if log_decay is None:
        log_decay = torch.zeros_like(beta)
    # heads first, and whole chunks: tokens with beta = 0 and k = 0 change nothing
    missing = -length % chunk_size
    q, k, v = (F.pad(t.transpose(1, 2), (0, 0, 0, missing)) for t in (q, k, v))
    beta, log_decay = (F.pad(t.transpose(1, 2), (0, missing)) for t in (beta, log_decay))
    outputs = []
    pieces = (t.split(chunk_size, dim=2) for t in (q, k, v, beta, log_decay))
    for q_c, k_c, v_c, beta_c, log_decay_c in zip(*pieces, strict=True):
        decay = log_decay_c.cumsum(-1)
        # decay between two tokens of the chunk; the upper triangle is cut before exp could overflow
        between = (decay[..., :, None] - decay[..., None, :]).tril().exp().tril()
        since_start, until_end = decay.exp()[..., None], (decay[..., -1:] - decay).exp()[..., None]
        overlap = (beta_c[..., None] * (k_c @ k_c.mT) * between).tril(-1)
        system = overlap + torch.eye(chunk_size, dtype=q.dtype, device=q.device)
        right = beta_c[..., None] * (v_c - since_start * (k_c @ state))
        update = torch.linalg.solve_triangular(system, right, upper=False, unitriangular=True)
        outputs.append(since_start * (q_c @ state) + ((q_c @ k_c.mT) * between) @ update)
        state = state * decay[..., -1].exp()[..., None, None] + (k_c * until_end).mT @ update
    o = torch.cat(outputs, dim=2) if outputs else v
    return o.transpose(1, 2)[:, :length], state


def over_sequences(rule, cu_seqlens, q, k, v, beta, log_decay, initial_state):
    """Applies `rule(q, k, v, beta, log_decay, state)` to the batch, or to each packed sequence of a batch of one."""
    shape = (q.shape[2], k.shape[-1], v.shape[-1])
    if cu_seqlens is None:
        state = q.new_zeros(q.shape[0], *shape) if initial_state is None else initial_state
        return rule(q, k, v, beta, log_decay, state)
    count = len(cu_seqlens) - 1
    if q.shape[0] != 1:
        raise ValueError(f"The batch size is expected to be 1 rather than {q.shape[0]} when using `cu_seqlens`.")
    if initial_state is not None and initial_state.shape[0] != count:
        raise ValueError(f"expected {count} initial states, one per sequence, got {initial_state.shape[0]}")
    initial_state = q.new_zeros(count, *shape) if initial_state is None else initial_state
    bounds = cu_seqlens.tolist()
    outputs, states = [], []
    for n, (a, b) in enumerate(zip(bounds[:-1], bounds[1:], strict=True)):
        decay = None if log_decay is None else log_decay[:, a:b]
        o, state = rule(q[:, a:b], k[:, a:b], v[:, a:b], beta[:, a:b], decay, initial_state[n : n + 1])
        outputs.append(o)
        states.append(state)
    return torch.cat(outputs, dim=1), torch.cat(states)
