"""Index arithmetic of padded and packed batches."""

import torch
import torch.nn.functional as F


def prepare_lens(cu_seqlens):
    """Lengths (N,) of packed sequences with bounds (N + 1,)."""
    return cu_seqlens.diff()


def prepare_lens_from_mask(mask):
    """Number of ones in each row of a mask (B, T), int32."""
    return mask.sum(dim=-1, dtype=torch.int32)


def prepare_cu_seqlens_from_lens(lens, dtype=torch.int32):
    """Bounds (N + 1,) from lengths (N,)."""
    return F.pad(lens.cumsum(dim=0, dtype=dtype), (1, 0))


def prepare_cu_seqlens_from_mask(mask, dtype=torch.int32):
    """Bounds (B + 1,) of the sequences left when the zeros of a mask (B, T) are dropped."""
    return prepare_cu_seqlens_from_lens(prepare_lens_from_mask(mask), dtype)


def segment_and_position(cu_seqlens):
    """For each packed token the number of its sequence and its place in it, both (T,) int64."""
    lens = cu_seqlens.diff().long()
    segment = torch.repeat_interleave(torch.arange(len(lens), device=lens.device), lens)
    time = torch.arange(len(segment), device=lens.device)
    return segment, time - cu_seqlens[:-1].long()[segment]


def prepare_position_ids(cu_seqlens):
    """Place of each packed token in its sequence, in the type of `cu_seqlens`."""
    return segment_and_position(cu_seqlens)[1].to(cu_seqlens.dtype)


def prepare_sequence_ids(cu_seqlens):
    """Number of the sequence of each packed token, in the type of `cu_seqlens`."""
    return segment_and_position(cu_seqlens)[0].to(cu_seqlens.dtype)
