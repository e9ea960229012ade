import torch


def band(w: torch.Tensor, n: int) -> torch.Tensor:
    wide = torch.zeros(n, n + 2)
    wide.as_strided(
        (n, 3), (n + 3, 1)
    ).copy_(w)
    return wide
