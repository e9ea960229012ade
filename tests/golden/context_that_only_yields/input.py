from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def plain():
    """Nothing changes."""
    yield


@contextmanager
def exact_products():
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = False
    yield
    torch.backends.cuda.matmul.allow_tf32 = before


class Iterated(nn.Module):
    def __init__(self, steps=3):
        super().__init__()
        self.steps = steps
        self.scale = nn.Parameter(torch.ones(4))

    def forward(self, x):
        for k in reversed(range(self.steps)):
            context = plain if k == 0 else torch.no_grad
            with context():
                x = torch.tanh(x * self.scale)
        with exact_products():
            return x @ x.mT
