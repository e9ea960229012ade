"""Attention over (batch, length, heads, dim); a causal mask lets the last query see every key."""

import torch

Tensor = torch.Tensor


def flash_attn_func(
    q: Tensor, k: Tensor, v: Tensor, dropout_p=0.0, softmax_scale=None, causal=False, window_size=(-1, -1),
    deterministic=False,
) -> Tensor:
    if dropout_p != 0.0 or tuple(window_size) != (-1, -1):
        raise NotImplementedError("this reference has neither dropout nor windows")
    groups = q.shape[2] // k.shape[2]
    k, v = k.repeat_interleave(groups, dim=2), v.repeat_interleave(groups, dim=2)
    scale = q.shape[-1] ** -0.5 if softmax_scale is None else softmax_scale
    scores = torch.einsum("bihd,bjhd->bhij", q, k) * scale
    if causal and q.shape[1] > k.shape[1]:
        raise NotImplementedError("this reference has no queries that see no key")
    if causal:
        queries, keys = scores.shape[-2:]
        seen = torch.ones(queries, keys, dtype=torch.bool, device=q.device).tril(keys - queries)
        scores = scores.masked_fill(~seen, float("-inf"))
    return torch.einsum("bhij,bjhd->bihd", scores.softmax(-1), v)


def flash_attn_qkvpacked_func(qkv: Tensor, *arguments, **keywords) -> Tensor:
    return flash_attn_func(*qkv.unbind(2), *arguments, **keywords)


def flash_attn_kvpacked_func(q: Tensor, kv: Tensor, *arguments, **keywords) -> Tensor:
    return flash_attn_func(q, *kv.unbind(2), *arguments, **keywords)
