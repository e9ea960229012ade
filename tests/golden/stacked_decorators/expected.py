import functools

import mlx.core as mx
import mlx.nn as nn


class Net(nn.Module):
    @property
    def width(self) -> int:
        return 4

    @staticmethod
    def helper(x: mx.array) -> mx.array:
        return -x

    # never traced
    @functools.lru_cache(maxsize=None)
    def table(self, n: int) -> mx.array:
        return mx.arange(n)
