import torch


def fill(n: int, mask: torch.Tensor) -> torch.Tensor:
    table = torch.zeros(n, n)
    table += 1
    table.masked_fill_(mask, 0)  # still a local of its own
    return table
