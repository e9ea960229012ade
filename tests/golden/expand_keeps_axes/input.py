import torch


def widen(x: torch.Tensor, heads: int) -> torch.Tensor:
    b, n, d = x.shape
    z = x.unsqueeze(1).expand(-1, heads, -1, -1)
    return z.reshape(b * heads, n, d)
