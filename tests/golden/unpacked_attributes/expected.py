import mlx.core as mx
import mlx.nn as nn


def create(n):
    masks = [mx.tril(mx.ones((n, n))), mx.ones((n, n))]
    skip = mx.triu(mx.ones((n, n)))
    return masks, skip


class A(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.fc = nn.Linear(n, n)
        self._masks, self._skip = create(n)
        a, self._other = create(n)

    def __call__(self, x):
        return self.fc(x) @ self._masks[0] @ self._skip + x @ self._other
