from contextlib import contextmanager

import mlx.core as mx
import mlx.nn as nn


@contextmanager
def plain():
    """Nothing changes."""
    yield


@contextmanager
def exact_products():
    before = False
    yield


class Iterated(nn.Module):
    def __init__(self, steps=3):
        super().__init__()
        self.steps = steps
        self.scale = mx.ones(4)

    def __call__(self, x):
        for k in reversed(range(self.steps)):
            x = mx.tanh(x * self.scale)
            if not k == 0:
                x = mx.stop_gradient(x)
        with exact_products():
            return x @ x.mT
