"""Rotary position embeddings of (batch, time, heads, dim) tensors."""

import torch
from torch import nn

from ..ops.utils.index import segment_and_position
from ..precision import widened


def rotate_half(x, interleaved=False):
    """(x1, x2) -> (-x2, x1), where x1, x2 are the halves of the last axis, or its even and odd elements."""
    if interleaved:
        return torch.stack((-x[..., 1::2], x[..., ::2]), dim=-1).flatten(-2)
    x1, x2 = x.chunk(2, dim=-1)
    return torch.cat((-x2, x1), dim=-1)


def rotary_embedding_ref(x, cos, sin, interleaved=False):
    """Rotates the first 2 * R channels of `x` (..., T, H, D) by the angles whose `cos` and `sin` are (T, R)."""
    rotated = 2 * cos.shape[-1]
    if interleaved:
        cos, sin = (t.repeat_interleave(2, dim=-1)[..., None, :] for t in (cos, sin))
    else:
        cos, sin = (torch.cat((t, t), dim=-1)[..., None, :] for t in (cos, sin))
    head, tail = x[..., :rotated], x[..., rotated:]
    return torch.cat((head * cos + rotate_half(head, interleaved) * sin, tail), dim=-1)


def _positions(x, seqlen_offsets, cu_seqlens):
    """Row of the tables for each token: (T,) or (B, T)."""
    time = torch.arange(x.shape[1], device=x.device)
    if cu_seqlens is not None:
        segment, position = segment_and_position(cu_seqlens)
        offset = seqlen_offsets[segment] if isinstance(seqlen_offsets, torch.Tensor) else seqlen_offsets
        return position + offset
    if isinstance(seqlen_offsets, torch.Tensor):
        return time + seqlen_offsets[:, None]
    return time + seqlen_offsets


def rotary_embedding(
    x,
    cos,
    sin,
    interleaved=False,
    inplace=False,
    seqlen_offsets: int | torch.Tensor = 0,
    cu_seqlens: torch.Tensor | None = None,
    chunk_indices: torch.Tensor | None = None,
):
    """Rotates `x` (B, T, H, D) by rows of the tables `cos` and `sin` (TR, R), in float32.

    `seqlen_offsets` shifts all positions, or those of each sequence (N,). With `cu_seqlens` positions start anew
    with each packed sequence. Rows outside the tables leave zeros in the rotated channels.
    """
    rows = _positions(x, seqlen_offsets, cu_seqlens)
    inside = (rows >= 0) & (rows < cos.shape[0])
    table_rows = rows.clamp(0, cos.shape[0] - 1)
    y = rotary_embedding_ref(widened(x), widened(cos)[table_rows], widened(sin)[table_rows], interleaved)
    rotated = 2 * cos.shape[-1]
    kept = torch.where(inside[..., None, None], y[..., :rotated], 0.0)
    y = torch.cat((kept, y[..., rotated:]), dim=-1).to(x.dtype)
    return x.copy_(y) if inplace else y


class RotaryEmbedding(nn.Module):
    """Rotates queries (B, T, H, D) and keys (B, T, H_k, D); with `scale_base` also scales them (XPos)."""

    def __init__(
        self,
        dim: int,
        base: float = 10000.0,
        scale_base: float | None = None,
        interleaved: bool = False,
        pos_idx_in_fp32: bool = True,
        device: torch.device | None = None,
    ):
        super().__init__()
        if dim % 2:
            raise AssertionError(f"Rotary dimension must be even, got {dim}")
        self.dim = dim
        self.base = float(base)
        self.scale_base = scale_base
        self.interleaved = interleaved
        self.pos_idx_in_fp32 = pos_idx_in_fp32
        self.device = device
        even = torch.arange(0, dim, 2, dtype=torch.float32, device=device)
        self.register_buffer("inv_freq", 1.0 / (self.base ** (even / dim)), persistent=False)
        scale = None if scale_base is None else (even + 0.4 * dim) / (1.4 * dim)
        self.register_buffer("scale", scale, persistent=False)
        self._tables = None

    def _update_tables(self, seqlen, dtype):
        """Tables of cosines and sines for queries and for keys, each (seqlen, dim / 2); kept while they suffice.

        The XPos scale is centred on the length for which the tables were made, as in the library.
        """
        if self._tables is not None and len(self._tables[0]) >= seqlen and self._tables[0].dtype == dtype:
            return
        time_dtype = widened(self.inv_freq).dtype if self.pos_idx_in_fp32 else self.inv_freq.dtype
        time = torch.arange(seqlen, device=self.inv_freq.device, dtype=time_dtype)
        angles = torch.outer(time, self.inv_freq.to(time_dtype))
        cos, sin = angles.cos(), angles.sin()
        if self.scale is None:
            tables = (cos, sin, cos, sin)
        else:
            power = (torch.arange(seqlen, dtype=self.scale.dtype, device=cos.device) - seqlen // 2) / self.scale_base
            scale = self.scale ** power[:, None]
            tables = (cos * scale, sin * scale, cos / scale, sin / scale)
        self._tables = tuple(table.to(dtype) for table in tables)

    def forward(
        self,
        q: torch.Tensor,
        k: torch.Tensor,
        seqlen_offset: int | torch.Tensor = 0,
        cu_seqlens: torch.Tensor | None = None,
        max_seqlen: int | None = None,
        chunk_indices: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns rotated `q` and `k`; tensor offsets (N,) need `max_seqlen` in the first call."""
        if max_seqlen is not None:
            self._update_tables(max_seqlen, q.dtype)
        elif isinstance(seqlen_offset, int):
            self._update_tables(q.shape[1] + seqlen_offset, q.dtype)
        elif self._tables is None:
            raise AssertionError("Tensor offsets require an initialized cache; pass max_seqlen on the first call")
        cos_q, sin_q, cos_k, sin_k = self._tables
        q = rotary_embedding(q, cos_q, sin_q, self.interleaved, False, seqlen_offset, cu_seqlens)
        k = rotary_embedding(k, cos_k, sin_k, self.interleaved, False, seqlen_offset, cu_seqlens)
        return q, k
