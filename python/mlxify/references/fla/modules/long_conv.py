"""Convolutions as long as the sequence, by FFT."""

import math

import torch
import torch.nn.functional as F
from torch import nn


def fft_conv(u, k, dropout_mask, gelu=True, k_rev=None):
    """Causal convolution of `u` (..., D, L) with filters `k` (D, L'), plus `u` itself; `k_rev` adds an anticausal part."""
    length = u.shape[-1]
    size = 2 * length
    spectrum = torch.fft.rfft(k, n=size) / size
    if k_rev is not None:
        spectrum = spectrum + (torch.fft.rfft(k_rev, n=size) / size).conj()
    if u.ndim > 3:
        spectrum = spectrum.unsqueeze(1)
    # norm="forward" leaves the inverse unscaled; the division stands above
    y = torch.fft.irfft(torch.fft.rfft(u.to(k.dtype), n=size) * spectrum, n=size, norm="forward")[..., :length]
    out = y + u
    if gelu:
        out = F.gelu(out)
    if dropout_mask is not None:
        out = out * dropout_mask[..., None]
    return out.to(u.dtype)


class LongConvolution(nn.Module):
    """A learned filter of `max_len` taps per channel; `x` is (B, L, D)."""

    def __init__(self, hidden_size: int, max_len: int, **kwargs):
        super().__init__()
        self.hidden_size = hidden_size
        self.filter = nn.Parameter(torch.randn(hidden_size, max_len))

    def forward(self, x, *args, **kwargs):
        y = fft_conv(x.transpose(1, 2), self.filter, dropout_mask=None, gelu=False)
        return y.transpose(1, 2).to(x.dtype)


class PositionalEmbedding(nn.Module):
    """A ramp from 0 to 1 and (emb_dim - 1) / 2 complex exponentials, as a frozen parameter `z` (1, seq_len, emb_dim)."""

    def __init__(self, emb_dim: int, seq_len: int, **kwargs):
        super().__init__()
        self.seq_len = seq_len
        bands = (emb_dim - 1) // 2
        ramp = torch.linspace(0, 1, seq_len)[None, :, None]
        angle = 2 * math.pi * torch.linspace(0, seq_len - 1, seq_len)[None, :, None] / seq_len
        phase = torch.linspace(1e-4, bands - 1, bands) * angle
        self.z = nn.Parameter(torch.cat([ramp, phase.cos(), -phase.sin()], dim=-1), requires_grad=False)

    def forward(self, L):
        return self.z[:, :L]


class ImplicitLongConvolution(nn.Module):
    """A long convolution whose filter an MLP computes from positions."""

    def __init__(self, hidden_size: int, max_len: int, d_emb: int = 3, d_hidden: int = 16, **kwargs):
        super().__init__()
        if d_emb % 2 == 0 or d_emb < 3:
            raise AssertionError("d_emb must be odd and greater or equal to 3 (time, sine and cosine)")
        self.hidden_size = hidden_size
        self.d_emb = d_emb
        self.pos_emb = PositionalEmbedding(emb_dim=d_emb, seq_len=max_len)
        self.mlp = nn.Sequential(nn.Linear(d_emb, d_hidden), nn.ReLU(), nn.Linear(d_hidden, hidden_size))

    def filter(self, seq_len, *args, **kwargs):
        return self.mlp(self.pos_emb(seq_len)).transpose(1, 2)

    def forward(self, x, *args, **kwargs):
        y = fft_conv(x.transpose(1, 2), self.filter(x.shape[1]), dropout_mask=None, gelu=False)
        return y.transpose(1, 2).to(x.dtype)
