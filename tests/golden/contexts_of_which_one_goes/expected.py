from contextlib import contextmanager

import mlx.nn as nn


@contextmanager
def measured():
    yield


class Net(nn.Module):
    def __call__(self, x):
        with measured():
            x = x * 2
        with measured():
            x = x + 1
        return x
