import torch


def positive(x: torch.Tensor) -> torch.Tensor:
    keep = x > 0
    return x[keep]


def rows(x: torch.Tensor, first: int) -> torch.Tensor:
    keep = torch.arange(x.shape[0]) > first
    x[keep, 0] += 1
    return x[keep].mean(dim=0)
