import torch


def widen(x: torch.Tensor, heads: int) -> torch.Tensor:
    b, n, d = x.shape
    y = x[:, None].expand(b, heads, n, d)
    w = x.repeat(1, heads, 1)  # `tile` in MLX
    v = x.repeat_interleave(heads, dim=0)
    return y, w, v
