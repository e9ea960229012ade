import torch


def act(x: torch.Tensor, flag: bool) -> torch.Tensor:
    if flag: x = torch.relu(x); x = x.view(-1)
    with torch.no_grad(): y = x * 2
    return x + y
