import torch


def mix(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    x = torch.einsum("b i d, b j d -> b i j", a, b)
    y = torch.bmm(x, torch.matmul(a, b.mT))
    return torch.where(x > 0, x, torch.zeros_like(x)) + y
