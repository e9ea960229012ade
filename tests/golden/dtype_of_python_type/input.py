import torch


def keep(x: torch.Tensor, n: int) -> torch.Tensor:
    mask = torch.ones(n, dtype=bool)
    counts = x.to(int)
    mask[0] = isinstance(n, int)
    return counts.sum(dtype=float) * mask
