"""Rotary position embeddings of flash-linear-attention."""

from mlxify.catalogue import *


@definition("fla.modules.rotary.rotary_embedding")
def rotary_embedding(
    x, cos, sin, interleaved=False, inplace=False, seqlen_offsets=0, cu_seqlens=None, chunk_indices=None
):
    """Rotates x (B, T, H, D) by rows of the tables `cos` and `sin` (rows, R); channels from 2 * R on stay.

    Token t of a sequence takes row t plus the offset, a number or one per sequence; tokens without a row become 0 in
    the rotated channels. With `cu_seqlens` (N + 1,) the batch is 1 and holds N sequences.
    """
    rows = mx.arange(x.shape[1])
    if cu_seqlens is not None:
        sequence = mx.sum(rows[:, None] >= cu_seqlens[1:], axis=-1)
        rows = rows - cu_seqlens[sequence]
        rows = rows + (seqlen_offsets[sequence] if isinstance(seqlen_offsets, mx.array) else seqlen_offsets)
    elif isinstance(seqlen_offsets, mx.array):
        rows = rows + seqlen_offsets[:, None]
    else:
        rows = rows + seqlen_offsets
    inside = ((rows >= 0) & (rows < cos.shape[0]))[..., None, None]
    rows = mx.clip(rows, 0, cos.shape[0] - 1)
    cos = mx.where(inside, cos[rows][..., None, :].astype(mx.float32), 0)
    sin = mx.where(inside, sin[rows][..., None, :].astype(mx.float32), 0)
    size = 2 * cos.shape[-1]
    if interleaved:
        a, b = x[..., 0:size:2], x[..., 1:size:2]
        rotated = mx.stack([a * cos - b * sin, a * sin + b * cos], axis=-1).flatten(-2)
    else:
        a, b = mx.split(x[..., :size], 2, axis=-1)
        rotated = mx.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1)
    y = mx.concatenate([rotated.astype(x.dtype), x[..., size:]], axis=-1)
    if inplace:
        x[...] = y
    return y


@definition("fla.modules.RotaryEmbedding", "fla.modules.rotary.RotaryEmbedding")
class RotaryEmbedding(nn.Module):
    """Rotates queries (B, T, H, D) and keys (B, T, H_k, D); with `scale_base` also scales them (XPos).

    Tables are as long as the longest call so far, and XPos is centred on that length.
    """

    def __init__(self, dim, base=10000.0, scale_base=None, interleaved=False, pos_idx_in_fp32=True, device=None):
        super().__init__()
        self.dim = dim
        self.base = float(base)
        self.scale_base = scale_base
        self.interleaved = interleaved
        self._length = 0

    def __call__(self, q, k, seqlen_offset=0, cu_seqlens=None, max_seqlen=None, chunk_indices=None):
        if max_seqlen is None and not isinstance(seqlen_offset, mx.array):
            max_seqlen = q.shape[1] + seqlen_offset
        self._length = max(self._length, max_seqlen or 0)
        even = mx.arange(0, self.dim, 2).astype(mx.float32)
        time = mx.arange(self._length).astype(mx.float32)[:, None]
        angles = time * (1.0 / self.base ** (even / self.dim))
        scale = 1.0
        if self.scale_base is not None:
            scale = ((even + 0.4 * self.dim) / (1.4 * self.dim)) ** ((time - self._length // 2) / self.scale_base)
        cos, sin = mx.cos(angles), mx.sin(angles)

        def rotate(x, cos, sin):
            # the tables are rounded to the type of x, as fla does
            cos, sin = cos.astype(x.dtype), sin.astype(x.dtype)
            return rotary_embedding(x, cos, sin, self.interleaved, seqlen_offsets=seqlen_offset, cu_seqlens=cu_seqlens)

        return rotate(q, cos * scale, sin * scale), rotate(k, cos / scale, sin / scale)
