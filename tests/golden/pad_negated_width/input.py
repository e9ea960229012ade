import torch
import torch.nn.functional as F


def shift(x: torch.Tensor, amount: int) -> torch.Tensor:
    return F.pad(x, (0, 0, amount, -amount))


def left(x: torch.Tensor, amount: int) -> torch.Tensor:
    return F.pad(x, (amount, 0))


def to_chunks(x: torch.Tensor, size: int) -> torch.Tensor:
    missing = (size - x.shape[-2] % size) % size
    pad = (0, 0, 0, missing)
    return F.pad(x, pad)


def shift_by_name(x: torch.Tensor, amount: int) -> torch.Tensor:
    pad = (0, 0, amount, -amount)
    return F.pad(x, pad)


def as_asked(x: torch.Tensor, pad: tuple[int, int]) -> torch.Tensor:
    return F.pad(x, pad)
