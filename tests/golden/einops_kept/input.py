import torch
from einops import rearrange, reduce


def split_heads(x: torch.Tensor, heads: int) -> torch.Tensor:
    x = rearrange(x, "b n (h d) -> b h n d", h=heads)  # works on MLX arrays as it is
    return reduce(x.contiguous(), "b h n d -> b h d", "mean")
