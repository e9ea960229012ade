import mlx.core as mx
from einops import rearrange, reduce


def split_heads(x: mx.array, heads: int) -> mx.array:
    x = rearrange(x, "b n (h d) -> b h n d", h=heads)  # works on MLX arrays as it is
    return reduce(x, "b h n d -> b h d", "mean")
