"""Linear attention with the delta rule, computed chunk by chunk, behind a short causal convolution.

The memory S maps keys to values. Each token writes what its value differs from the memory's answer, with strength beta:
S <- S + beta * k (v - k S). Inside a chunk all writes are found at once by forward substitution.
"""

from __future__ import annotations

from typing import Optional, Tuple

import torch
import torch.nn as nn
import torch.nn.functional as F
from einops import rearrange


def elu_p1(x: torch.Tensor) -> torch.Tensor:
    """A positive feature map."""
    return (F.elu(x, 1.0, False) + 1.0).to(x)


def l2norm(x: torch.Tensor) -> torch.Tensor:
    return F.normalize(x, p=2.0, dim=-1)


@torch.compile
def delta_rule_chunkwise(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, beta: torch.Tensor, chunk_size: int = 8
) -> Tuple[torch.Tensor, torch.Tensor]:
    """Outputs and the final memory.

    q, k: (batch, heads, length, d_k); v: (batch, heads, length, d_v); beta: (batch, heads, length).
    """
    b, h, length, d_k = k.shape
    d_v = v.shape[-1]
    pad_len = (chunk_size - length % chunk_size) % chunk_size
    if pad_len > 0:
        q, k, v = (F.pad(t, (0, 0, 0, pad_len)) for t in (q, k, v))
        beta = F.pad(beta, (0, pad_len))

    v = v * beta[..., None]
    k_beta = k * beta[..., None]
    q, k, v, k_beta = (rearrange(t, "b h (n c) d -> b h n c d", c=chunk_size) for t in (q, k, v, k_beta))

    # (I + strict lower triangle of beta k k^T)^-1, row by row
    upper = torch.triu(torch.ones(chunk_size, chunk_size, dtype=torch.bool, device=q.device), diagonal=0)
    inverse = -(k_beta @ k.transpose(-1, -2)).masked_fill(upper, 0)
    for i in range(1, chunk_size):
        row = inverse[..., i, :].clone()
        inverse[..., i, :i] += (row[..., :i, None] * inverse[..., :i, :i].clone()).sum(-2)
    inverse = inverse + torch.eye(chunk_size, dtype=q.dtype, device=q.device)

    w = inverse @ k_beta
    u = inverse @ v
    state = k.new_zeros(b, h, d_k, d_v)
    out = torch.zeros_like(v)
    future = torch.triu(torch.ones(chunk_size, chunk_size, dtype=torch.bool, device=q.device), diagonal=1)
    for i in range(q.shape[2]):
        q_i, k_i = q[:, :, i], k[:, :, i]
        local = (q_i @ k_i.transpose(-1, -2)).masked_fill_(future, 0)
        written = u[:, :, i] - w[:, :, i] @ state
        out[:, :, i] = q_i @ state + local @ written
        state = state + k_i.transpose(-1, -2) @ written
    out = rearrange(out, "b h n c d -> b h (n c) d")
    return out[:, :, :length], state


class CausalConv1d(nn.Module):
    """Depthwise filter over time that starts as the identity."""

    def __init__(self, dim: int, kernel_size: int = 4):
        super().__init__()
        self.kernel_size = kernel_size
        self.weight = nn.Parameter(torch.randn(dim, 1, kernel_size) * 0.02)
        with torch.no_grad():
            self.weight[:, 0, -1].add_(1.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # (batch, length, dim)
        y = F.pad(x.transpose(1, 2), (self.kernel_size - 1, 0))
        return F.conv1d(y, self.weight, groups=x.shape[-1]).transpose(1, 2)


class DeltaRuleLayer(nn.Module):
    """A token mixer: (batch, length, hidden_size) -> the same shape, and the final memory."""

    def __init__(self, hidden_size: int = 32, num_heads: int = 2, kernel_size: int = 4, use_gate: bool = True):
        super().__init__()
        assert hidden_size % num_heads == 0
        self.num_heads = num_heads
        self.use_gate = use_gate
        self.q_proj = nn.Linear(hidden_size, hidden_size, bias=False)
        self.k_proj = nn.Linear(hidden_size, hidden_size, bias=False)
        self.v_proj = nn.Linear(hidden_size, hidden_size, bias=False)
        self.b_proj = nn.Linear(hidden_size, num_heads, bias=False)
        self.conv = CausalConv1d(hidden_size, kernel_size)
        if use_gate:
            self.gate = nn.Sequential(nn.Linear(hidden_size, hidden_size), nn.GELU(), nn.Linear(hidden_size, num_heads))
            nn.init.constant_(self.gate[-1].bias, 2.0)  # starts nearly open
        self.o_proj = nn.Linear(hidden_size, hidden_size, bias=False)
        self.register_buffer("temperature", torch.tensor(float(hidden_size // num_heads) ** -0.5))

    def forward(
        self, hidden_states: torch.Tensor, attention_mask: Optional[torch.Tensor] = None
    ) -> Tuple[torch.Tensor, torch.Tensor]:
        x = self.conv(hidden_states)
        if attention_mask is not None:
            x = x * attention_mask[:, -x.shape[1] :, None].to(x.dtype)
        q, k, v = self.q_proj(x), self.k_proj(x), F.silu(self.v_proj(x))
        q, k, v = map(lambda t: rearrange(t, "b l (h d) -> b h l d", h=self.num_heads), (q, k, v))
        q = elu_p1(q) * self.temperature
        k = l2norm(elu_p1(k))
        beta = self.b_proj(x).sigmoid().transpose(1, 2)
        o, state = delta_rule_chunkwise(q, k, v, beta)
        if self.use_gate:
            o = o * torch.sigmoid(self.gate(hidden_states)).transpose(1, 2).unsqueeze(-1)
        return self.o_proj(rearrange(o, "b h l d -> b l (h d)")), state


# mlxify: DeltaRuleLayer(hidden_size=32, num_heads=2)(f32[2, 21, 32])
