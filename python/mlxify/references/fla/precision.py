"""The type in which a kernel of the library computes."""

import torch


def widened(x: torch.Tensor | None) -> torch.Tensor | None:
    """`x` in float32, or in float64 if it is that already; None stays None."""
    return None if x is None else x.to(torch.promote_types(x.dtype, torch.float32))
