import torch

NEG_INF = float("-inf")
EPS = torch.finfo(torch.float32).eps
DTYPES = {"half": torch.float16, "single": torch.float32}
Shape = tuple[int, ...]


def masked(x: torch.Tensor, keep: torch.Tensor) -> torch.Tensor:
    """Uses what stands above."""
    return torch.where(keep, x, NEG_INF) + EPS
