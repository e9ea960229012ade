import torch


def tables(n: int, x: torch.Tensor):
    zeros = torch.zeros(n, 4, device=x.device, dtype=x.dtype)
    ones = torch.ones((n, 4))
    like = torch.zeros_like(x)
    steps = torch.arange(n, device=x.device)
    halves = torch.arange(0, n, 2, dtype=torch.float32)
    line = torch.linspace(0, 1, steps=n)
    filled = torch.full((n,), 2.0)
    literal = torch.tensor([1.0, 2.0])
    causal = torch.tril(torch.ones(n, n, dtype=torch.bool))
    mask = torch.triu(torch.ones(n, n), diagonal=1).bool()
    return zeros, ones, like, steps, halves, line, filled, literal, causal, mask
