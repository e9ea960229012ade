import mlx.nn as nn


def _assign(array, value):
    """Writes a value into an array that others hold too, and gives that array."""
    array[...] = value
    return array


class Heads(nn.Module):
    def __init__(self, n, heads, init_fn=lambda x, gain=1: _assign(x, nn.init.orthogonal(gain=gain)(x))):
        super().__init__()
        self.q, self.k = nn.Linear(n, n), nn.Linear(n, n)
        self.fill(self.q.weight, heads, lambda x, gain=1.0: _assign(x, nn.init.glorot_uniform()(x, gain=gain)))
        init_fn(self.k.weight)

    def fill(self, weight, heads, init_fn):
        n = weight.shape[0] // heads
        for h in range(heads):
            weight[h * n : (h + 1) * n, :] = init_fn(weight[h * n : (h + 1) * n, :], gain=1 / n)

    def __call__(self, x):
        return self.q(x) @ self.k(x).mT
