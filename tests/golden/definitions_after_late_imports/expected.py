import logging

logger = logging.getLogger(__name__)

import mlx.core as mx
import mlx.nn as nn


class Hardtanh(nn.Module):
    """Limits values to [min_val, max_val]."""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0):
        super().__init__()
        self.min_val = min_val
        self.max_val = max_val

    def __call__(self, x):
        return nn.hard_tanh(x, self.min_val, self.max_val)


class Softmax(nn.Module):
    """Softmax along one axis."""

    def __init__(self, dim: int):
        super().__init__()
        self.dim = dim

    def __call__(self, x):
        return mx.softmax(x, axis=self.dim)

__all__ = ["Gate"]


class Gate(nn.Module):
    def __init__(self, dim=4):
        super().__init__()
        self.act = Hardtanh()
        self.out = Softmax(dim=-1)

    def __call__(self, x):
        return self.out(self.act(x) * mx.sigmoid(x))
