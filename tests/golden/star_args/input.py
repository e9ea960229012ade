import torch


def grid(*axes: torch.Tensor):
    sizes = [axis.numel() for axis in axes]
    x = torch.cat([*axes], dim=0)
    y = torch.zeros(*sizes)
    z = x.view(*sizes, -1)
    return torch.stack((*axes, x)), y, z
