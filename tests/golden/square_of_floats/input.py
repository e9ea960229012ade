import torch


def mean_square(x: torch.Tensor):
    return x.float().pow(2).mean(-1, keepdim=True)


def other_powers(x: torch.Tensor, n: int):
    """Of a truth value the square is a whole number; other exponents stay."""
    return x.pow(2), x.float().pow(3), x.float().pow(n)
