"""Exact attention of flash_attn: (batch, length, heads, dim), causal masks aligned at the end."""

from mlxify.catalogue import *


def _attention(q, k, v, dropout_p, softmax_scale, causal, window_size):
    if dropout_p != 0.0:
        refuse("dropout inside attention", suggest="pass `dropout_p=0.0`")
    if tuple(window_size) != (-1, -1):
        refuse("a window of keys", suggest="mask the scores by hand")
    if causal and q.shape[1] > k.shape[1]:
        refuse("a causal mask under which some queries see no key")
    scale = q.shape[-1] ** -0.5 if softmax_scale is None else softmax_scale
    mask = "causal" if causal else None
    q, k, v = q.swapaxes(1, 2), k.swapaxes(1, 2), v.swapaxes(1, 2)
    return mx.fast.scaled_dot_product_attention(q, k, v, scale=scale, mask=mask).swapaxes(1, 2)


@rule("flash_attn.flash_attn_func", "flash_attn.flash_attn_interface.flash_attn_func")
def flash_attn_func(q, k, v, dropout_p=0.0, softmax_scale=None, causal=False, window_size=(-1, -1), deterministic=False):
    return _attention(q, k, v, dropout_p, softmax_scale, causal, window_size)


@rule("flash_attn.flash_attn_qkvpacked_func", "flash_attn.flash_attn_interface.flash_attn_qkvpacked_func")
def flash_attn_qkvpacked_func(
    qkv, dropout_p=0.0, softmax_scale=None, causal=False, window_size=(-1, -1), deterministic=False
):
    q, k, v = mx.unstack(qkv, axis=2)
    return _attention(q, k, v, dropout_p, softmax_scale, causal, window_size)


@rule("flash_attn.flash_attn_kvpacked_func", "flash_attn.flash_attn_interface.flash_attn_kvpacked_func")
def flash_attn_kvpacked_func(
    q, kv, dropout_p=0.0, softmax_scale=None, causal=False, window_size=(-1, -1), deterministic=False
):
    k, v = mx.unstack(kv, axis=2)
    return _attention(q, k, v, dropout_p, softmax_scale, causal, window_size)


never("flash_attn.flash_attn_varlen_func", "sequences of several lengths in one row have no counterpart",
      suggest="pad the sequences and mask the padding")  # fmt: skip
