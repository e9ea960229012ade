import torch


def combine(a: torch.Tensor, b: torch.Tensor, c: float) -> torch.Tensor:
    x = torch.mul(a + b, c)
    y = (a + b).pow(2)
    z = -(a if c > 0 else b).abs()
    w = torch.sub(a, b - c)
    v = torch.add(a, b, alpha=2) * c
    u = torch.logical_not(a > b) & (b > c)
    t = torch.pow(-a, 2) ** 3
    return x + y + z + w + v + u + t
