import torch


def blend(q: torch.Tensor, k: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    # nobody else holds the product: the chain is one value
    scores = (q @ k.transpose(-2, -1)).mul_(0.125).masked_fill_(mask, float("-inf"))
    return scores.softmax(dim=-1)
