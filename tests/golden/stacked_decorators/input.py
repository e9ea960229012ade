import functools

import torch
import torch.nn as nn


class Net(nn.Module):
    @property
    def width(self) -> int:
        return 4

    @staticmethod
    @torch.jit.ignore
    def helper(x: torch.Tensor) -> torch.Tensor:
        return x.neg()

    # never traced
    @torch.jit.unused  # noqa
    @functools.lru_cache(maxsize=None)
    def table(self, n: int) -> torch.Tensor:
        return torch.arange(n)
