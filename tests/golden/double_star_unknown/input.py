import torch


def like(x: torch.Tensor) -> dict:
    return {"device": x.device, "dtype": x.dtype}


def join(a: torch.Tensor, b: torch.Tensor, **options) -> torch.Tensor:
    return torch.stack((a, b), **options)


def pad(x: torch.Tensor) -> torch.Tensor:
    return torch.cat((x, torch.zeros((x.shape[0], 1), **like(x))), dim=1)
