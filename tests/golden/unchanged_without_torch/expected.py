"""Nothing of PyTorch in here."""

import math
from dataclasses import dataclass


@dataclass
class Config:
    dim: int = 64
    view: str = "top"

    def size(self, axis):
        return self.dim if axis else 0


def split(text, n):
    parts = text.split(",", n)
    return [part.replace("a", "b").strip() for part in parts], parts.index("x")


def forward(config):
    return math.sqrt(config.size(0)), config.view.format(1)
