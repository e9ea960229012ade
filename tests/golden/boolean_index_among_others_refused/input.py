import torch


def picked() -> torch.Tensor:
    x = torch.randn(2, 3, 4)
    keep = x[0] > 0
    return x[:, keep]
