import torch
import torch.nn.functional as F


def pad_by(x: torch.Tensor, widths: list[int]) -> torch.Tensor:
    # more than one expression is left of the rule: it becomes a helper
    return F.pad(x, widths)


def pad_again(x: torch.Tensor, widths: list[int]) -> torch.Tensor:
    return F.pad(x * 2, widths)  # the same one


def wrap(x: torch.Tensor) -> torch.Tensor:
    return F.pad(x, (1, 1), mode="circular")
