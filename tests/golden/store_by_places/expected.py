import mlx.core as mx
import mlx.nn as nn


def _expand(self, sizes):
    """Broadcasts to the sizes, of which -1 keeps an axis as it is."""
    return mx.broadcast_to(self, (self.shape[-3], sizes[1], self.shape[-1]))


class Update(nn.Module):
    """Writes to the places that are asked for."""

    def __init__(self, dim):
        super().__init__()
        self.proj = nn.Linear(dim, dim)

    def __call__(self, x, places):
        context = mx.array(_expand(x.mean(axis=1, keepdims=True), (-1, x.shape[1], -1)))
        rows = mx.expand_dims(mx.arange(x.shape[0]), 1)
        context[rows, places] = self.proj(x[rows, places, :])
        context[:, 0, :] = 0
        first = mx.array(x)
        first[:, places[0]] += context[:, places[0], :]
        return context + first
