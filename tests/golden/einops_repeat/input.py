import torch
from einops import rearrange, repeat


def share_heads(x: torch.Tensor, heads: int) -> torch.Tensor:
    x = rearrange(x, "b n (g d) -> b g n d", d=8)
    return repeat(x, "b g n d -> b (g h) n d", h=heads)  # makes a new axis
