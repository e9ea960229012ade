"""Padded batches to packed tokens and back."""

import torch

from ..ops.utils.index import prepare_cu_seqlens_from_lens, prepare_lens_from_mask


def index_first_axis(x: torch.Tensor, indices: torch.Tensor) -> torch.Tensor:
    """Rows `indices` (n,) of `x` (N, ...), which has at least two axes."""
    if x.ndim < 2:
        raise AssertionError("x must have at least two axes")
    return x[indices]


def index_put_first_axis(x: torch.Tensor, indices: torch.Tensor, first_axis_dim: int) -> torch.Tensor:
    """`x` (n, ...) as the rows `indices` (n,) of zeros with `first_axis_dim` rows."""
    if indices.ndim != 1 or x.ndim < 2:
        raise AssertionError("indices must have one axis and x at least two")
    return x.new_zeros(first_axis_dim, *x.shape[1:]).index_put((indices,), x)


def get_unpad_indices_and_cu(attention_mask: torch.Tensor, q_len: int | None = None):
    """`get_unpad_data` of the last `q_len` columns, without the longest length."""
    if q_len is not None:
        attention_mask = attention_mask[:, attention_mask.shape[1] - q_len :]
    return get_unpad_data(attention_mask)[:2]


def get_unpad_data(attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Where the ones of a mask (B, T) are.

    Returns their places in the flattened mask (int64), the bounds (B + 1,) of each row's ones among them (int32) and the
    largest number of ones in a row.
    """
    lens = prepare_lens_from_mask(attention_mask)
    indices = attention_mask.flatten().nonzero().flatten()
    return indices, prepare_cu_seqlens_from_lens(lens), lens.max().item()


def unpad_hidden_states(hidden_states, cu_seqlens, attention_mask, q_len):
    """Packs (B, T, ...) into (1, tokens, ...) by the mask, unless `cu_seqlens` says that it is packed already.

    Returns the packed states, the indices of their tokens (None if nothing was done) and the bounds.
    """
    if cu_seqlens is not None or attention_mask is None:
        return hidden_states, None, cu_seqlens
    indices, cu_seqlens = get_unpad_indices_and_cu(attention_mask, q_len)
    return index_first_axis(hidden_states.flatten(0, 1), indices)[None], indices, cu_seqlens


def repad_hidden_states(hidden_states, indices, batch_size, q_len):
    """Undoes `unpad_hidden_states`; leaves the states as they are if `indices` is None."""
    return hidden_states if indices is None else pad_input(hidden_states.squeeze(0), indices, batch_size, q_len)


def unpad_input(q, states, attention_mask, q_len, keepdim=False):
    """Packs queries (B, q_len, ...), one tensor or a tuple, and `states` (B, T, ...) by a mask (B, T).

    Returns queries, states, the indices of the query tokens, the bounds of queries and of states, and the longest length of
    both. `keepdim` gives the packed tensors a batch axis of 1. `q_len` is T or 1.
    """
    indices_k, cu_seqlens_k, longest_k = get_unpad_data(attention_mask)
    batch_size, seq_len = states[0].shape[:2]
    queries = (q,) if isinstance(q, torch.Tensor) else q
    states = tuple(index_first_axis(s.flatten(0, 1), indices_k) for s in states)
    if q_len == seq_len:
        queries = tuple(index_first_axis(x.flatten(0, 1), indices_k) for x in queries)
        indices_q, cu_seqlens_q, longest_q = indices_k, cu_seqlens_k, longest_k
    elif q_len == 1:
        queries = tuple(x.squeeze(1) for x in queries)
        cu_seqlens_q = torch.arange(batch_size + 1, dtype=torch.int32, device=states[0].device)
        indices_q, longest_q = cu_seqlens_q[:-1], 1
    else:
        raise NotImplementedError("We only support either q_len == k_len (prefilling) or q_len == 1 (decoding)")
    if keepdim:
        queries, states = tuple(x[None] for x in queries), tuple(s[None] for s in states)
    if isinstance(q, torch.Tensor):
        queries = queries[0]
    return queries, states, indices_q, (cu_seqlens_q, cu_seqlens_k), (longest_q, longest_k)


def pad_input(hidden_states: torch.Tensor, indices: torch.Tensor, batch_size: int, seq_len: int) -> torch.Tensor:
    """Packed tokens (n, ...) back to their places `indices` (n,) in zeros of shape (batch_size, seq_len, ...)."""
    return index_put_first_axis(hidden_states, indices, batch_size * seq_len).unflatten(0, (batch_size, -1))


def require_cache_layer_idx(module, past_key_values):
    """`module.layer_idx`; ValueError if there is a cache but no index."""
    layer_idx = getattr(module, "layer_idx", None)
    if past_key_values is not None and layer_idx is None:
        raise ValueError(f"{type(module).__name__} requires `layer_idx` when `past_key_values` is provided.")
    return layer_idx


def get_layer_cache(module, past_key_values):
    """The state of this layer in the cache, or None."""
    layer_idx = require_cache_layer_idx(module, past_key_values)
    if past_key_values is not None and len(past_key_values) > layer_idx:
        return past_key_values[layer_idx]
    return None


def update_layer_cache(module, past_key_values, **kwargs):
    """Stores the state of this layer in the cache, if there is one."""
    layer_idx = require_cache_layer_idx(module, past_key_values)
    return None if past_key_values is None else past_key_values.update(layer_idx=layer_idx, **kwargs)
