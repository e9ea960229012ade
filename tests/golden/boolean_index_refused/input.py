import torch


def positive(x: torch.Tensor) -> torch.Tensor:
    keep = x > 0
    return x[keep]
