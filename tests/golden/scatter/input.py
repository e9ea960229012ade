import torch


def spread(x: torch.Tensor, index: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    out = torch.zeros_like(x)
    out.index_add_(0, rows, x)  # every one counts
    return torch.index_select(out, 0, rows)
