import torch


def move(x: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    x = x.to(torch.bfloat16)
    x = x.to(device=other.device, dtype=torch.float16)
    x = x.to(other)
    x = x.cuda().float().type_as(other)
    mask = torch.zeros(4, dtype=torch.bool, device=x.device)
    return x * mask.to(x.dtype)
