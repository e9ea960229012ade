from typing import Callable, Optional

import mlx.core as mx
import mlx.nn as nn


class Tuned(nn.Module):
    def __init__(self, width: int, make: Optional[Callable[..., object]] = None, group: object = None):
        super().__init__()
        self.proj = nn.Linear(width, width)
        self.make = make
        self.group = group

    def __call__(self, x: mx.array) -> mx.array:
        return self.proj(x)
