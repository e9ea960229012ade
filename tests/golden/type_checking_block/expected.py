from __future__ import annotations

import mlx.core as mx
import mlx.nn as nn


class Doubler(nn.Module):
    def __call__(self, x: mx.array) -> mx.array:
        return x + x
