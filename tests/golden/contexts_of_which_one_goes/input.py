from contextlib import contextmanager

import torch
from torch import nn
from torch.cuda.amp import autocast


@contextmanager
def measured():
    yield


class Net(nn.Module):
    def forward(self, x):
        with measured(), autocast(enabled=False):
            x = x * 2
        with autocast(enabled=False), measured():
            x = x + 1
        return x
