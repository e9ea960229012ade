import torch


def moments(x: torch.Tensor):
    mean = x.mean(dim=-1, keepdim=True)
    total = torch.sum(x, dim=(1, 2))
    unbiased = x.var(dim=-1)  # divides by n - 1
    biased = x.var(-1, unbiased=False)
    spread = torch.std(x, dim=0, keepdim=True)
    order = x.argmax(dim=-1)
    return mean, total, unbiased, biased, spread, order, x.norm(dim=-1), x.cumsum(dim=1)
