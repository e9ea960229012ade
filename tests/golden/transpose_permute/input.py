import torch


def axes(x: torch.Tensor) -> torch.Tensor:
    x = x.transpose(1, 2)  # two axes change places
    y = torch.transpose(x, -1, -2).contiguous()
    z = y.permute(0, 2, 1)
    w = z.permute([0, 2, 1]).mT
    return w.unsqueeze(1).squeeze(1)
