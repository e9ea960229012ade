import torch


def first(x: torch.Tensor) -> torch.Tensor:
    keep = x[..., 0] > 0
    return x[keep, 0]


def of_pixels() -> torch.Tensor:
    x = torch.randn(2, 3, 4)
    keep = x[0] > 0
    columns = x[0, 0] > 0
    x[..., columns] = 1.0
    return x[:, keep]
