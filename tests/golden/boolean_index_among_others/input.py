import torch


def first(x: torch.Tensor) -> torch.Tensor:
    keep = x[..., 0] > 0
    return x[keep, 0]
