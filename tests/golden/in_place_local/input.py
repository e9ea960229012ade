import torch


def fill(n: int, mask: torch.Tensor) -> torch.Tensor:
    table = torch.zeros(n, n)
    table.fill_(0.5)
    table.masked_fill_(mask, 0)  # a local of its own: the name is bound anew
    table[0] = 3.0
    return table
