"""Difference between the previous token and this one."""

import torch


def token_shift(x, cu_seqlens=None, cache=None, output_cache=False, chunk_indices=None):
    """`previous - x` for `x` (B, T, D), where what precedes a sequence is `cache` (N, D) or zero.

    With `cu_seqlens` (N + 1,) the batch is 1 and holds N sequences. With `output_cache` also gives the last tokens (N, D).
    """
    batch, _, width = x.shape
    if cu_seqlens is None:
        parts = list(x)
    else:
        if batch != 1:
            raise AssertionError("Batch size must be 1 when using cu_seqlens")
        bounds = cu_seqlens.tolist()
        parts = [x[0, a:b] for a, b in zip(bounds[:-1], bounds[1:], strict=True)]
    first = x.new_zeros(len(parts), width) if cache is None else cache.reshape(len(parts), width)
    shifted = [torch.cat((before[None], part))[: len(part)] - part for before, part in zip(first, parts, strict=True)]
    y = torch.stack(shifted) if cu_seqlens is None else torch.cat(shifted)[None]
    return (y, torch.stack([part[-1] for part in parts])) if output_cache else y


class TokenShift:
    """The operator under the name of its autograd function."""

    apply = staticmethod(token_shift)
