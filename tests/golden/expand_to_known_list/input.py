import torch


def spread(x: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    sizes = (rows, columns)
    return x.expand(*sizes)
