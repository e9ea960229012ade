"""Padded batches to packed tokens and back, as in fla.layers.utils.

How many tokens a mask keeps is known only from its values, and MLX has no `nonzero`: the mask is read on the host. These
functions can therefore not be compiled with mx.compile.
"""

from mlxify.catalogue import *


@definition("fla.layers.utils.get_unpad_data")
def get_unpad_data(attention_mask):
    """Where the ones of a mask (B, T) are.

    Returns their places in the flattened mask, the bounds (B + 1,) of each row's ones among them, and the largest
    number of ones in a row.
    """
    lens = mx.sum(attention_mask.astype(mx.int32), axis=-1)
    indices = mx.array(np.flatnonzero(np.array(attention_mask != 0)).astype(np.int32))
    cu_seqlens = mx.pad(mx.cumsum(lens), (1, 0))
    return indices, cu_seqlens, lens.max().item()


@definition("fla.layers.utils.get_unpad_indices_and_cu")
def get_unpad_indices_and_cu(attention_mask, q_len=None):
    """Indices and bounds of `get_unpad_data` for the last `q_len` columns of the mask."""
    if q_len is not None:
        attention_mask = attention_mask[:, attention_mask.shape[1] - q_len :]
    indices, cu_seqlens, _ = get_unpad_data(attention_mask)
    return indices, cu_seqlens


@rule("fla.layers.utils.index_first_axis")
def index_first_axis(x, indices):
    return x[indices]


@definition("fla.layers.utils.index_put_first_axis")
def index_put_first_axis(x, indices, first_axis_dim):
    """x (n, ...) as the rows `indices` (n,) of zeros with `first_axis_dim` rows."""
    y = mx.zeros((first_axis_dim, *x.shape[1:]), x.dtype)
    y[indices] = x
    return y


@definition("fla.layers.utils.pad_input")
def pad_input(hidden_states, indices, batch_size, seq_len):
    """Packed tokens (n, ...) back to their places in zeros of shape (batch_size, seq_len, ...)."""
    padded = mx.zeros((batch_size * seq_len, *hidden_states.shape[1:]), hidden_states.dtype)
    padded[indices] = hidden_states
    return padded.reshape(batch_size, seq_len, *hidden_states.shape[1:])


@definition("fla.layers.utils.unpad_hidden_states")
def unpad_hidden_states(hidden_states, cu_seqlens, attention_mask, q_len):
    """Packs (B, T, ...) into (1, tokens, ...) by the mask, unless `cu_seqlens` says that it is packed already."""
    if cu_seqlens is not None or attention_mask is None:
        return hidden_states, None, cu_seqlens
    indices, cu_seqlens = get_unpad_indices_and_cu(attention_mask, q_len)
    return hidden_states.flatten(0, 1)[indices][None], indices, cu_seqlens


@definition("fla.layers.utils.repad_hidden_states")
def repad_hidden_states(hidden_states, indices, batch_size, q_len):
    """Undoes `unpad_hidden_states`; leaves the states as they are if `indices` is None."""
    if indices is None:
        return hidden_states
    return pad_input(hidden_states.squeeze(0), indices, batch_size, q_len)


@definition("fla.layers.utils.unpad_input")
def unpad_input(q, states, attention_mask, q_len, keepdim=False):
    """Packs queries (B, q_len, ...), one array or a tuple, and `states` (B, T, ...) by a mask (B, T).

    Returns queries, states, the indices of the query tokens, the bounds of queries and states, and the longest length of
    both. `keepdim` gives packed arrays a batch axis of 1; `q_len` is T or 1.
    """
    indices_k, cu_seqlens_k, longest_k = get_unpad_data(attention_mask)
    batch_size, seq_len = states[0].shape[:2]
    queries = (q,) if isinstance(q, mx.array) else q
    states = tuple(s.flatten(0, 1)[indices_k] for s in states)
    if q_len == seq_len:
        queries = tuple(x.flatten(0, 1)[indices_k] for x in queries)
        indices_q, cu_seqlens_q, longest_q = indices_k, cu_seqlens_k, longest_k
    elif q_len == 1:
        queries = tuple(x.squeeze(1) for x in queries)
        cu_seqlens_q = mx.arange(batch_size + 1)
        indices_q, longest_q = cu_seqlens_q[:-1], 1
    else:
        raise NotImplementedError("We only support either q_len == k_len (prefilling) or q_len == 1 (decoding)")
    if keepdim:
        queries, states = tuple(x[None] for x in queries), tuple(s[None] for s in states)
    if isinstance(q, mx.array):
        queries = queries[0]
    return queries, states, indices_q, (cu_seqlens_q, cu_seqlens_k), (longest_q, longest_k)


@rule("fla.ops.utils.prepare_lens", "fla.ops.utils.index.prepare_lens")
def prepare_lens(cu_seqlens):
    return cu_seqlens[1:] - cu_seqlens[:-1]


@rule("fla.ops.utils.prepare_lens_from_mask", "fla.ops.utils.index.prepare_lens_from_mask")
def prepare_lens_from_mask(mask):
    return mx.sum(mask.astype(mx.int32), axis=-1)


@rule("fla.ops.utils.prepare_cu_seqlens_from_mask", "fla.ops.utils.index.prepare_cu_seqlens_from_mask")
def prepare_cu_seqlens_from_mask(mask, dtype=None):
    if dtype is None:
        return mx.pad(mx.cumsum(mx.sum(mask.astype(mx.int32), axis=-1)), (1, 0))
    return mx.pad(mx.cumsum(mx.sum(mask.astype(mx.int32), axis=-1)), (1, 0)).astype(dtype)
