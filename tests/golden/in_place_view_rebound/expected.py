import mlx.core as mx
import mlx.nn as nn
from einops import rearrange


def _chunk(input, chunks, dim):
    """Pieces that are all as long but the last."""
    size = -(-input.shape[dim] // chunks)
    return mx.split(input, list(range(size, input.shape[dim], size)), axis=dim)


class Attention(nn.Module):
    def __init__(self, dim, heads=4):
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(dim, dim)
        self.kv = nn.Linear(dim, dim * 2)
        self.kv.bias = mx.ones_like(self.kv.bias.reshape(2, dim)).reshape(self.kv.bias.shape)

    def __call__(self, x, mask):
        q = self.q(x)
        k, v = _chunk(self.kv(x), 2, -1)
        q, k, v = map(lambda t: rearrange(t, "b n (h d) -> b h n d", h=self.heads), (q, k, v))
        q *= 0.5
        q[...] = mx.where(~mask[:, None, :, None], 0.0, q)
        return mx.fast.scaled_dot_product_attention(q, k, v, scale=1.0)


def upper(size, shifted):
    mask = mx.zeros((size * 2, size))
    if shifted:
        mask = rearrange(mask, "(a b) c -> a b c", a=2)
        mask[:, -1:] = 1.0
        mask = rearrange(mask, "a b c -> (a b) c")
    return mask


class Tiles(nn.Module):
    def __call__(self, x, offsets):
        x = x + 1
        x = x.reshape(x.shape[0], 2, -1)
        for at, offset in enumerate(offsets):
            x[at] += offset
        return x


def scores(q, k, padding, bias=None):
    weights = q @ k.swapaxes(1, 2)
    if padding is not None:
        weights = weights.reshape(2, -1, weights.shape[1], weights.shape[2])
        weights[...] = mx.where(padding[:, None, None], float("-inf"), weights)
        weights = weights.reshape(-1, weights.shape[2], weights.shape[3])
    if bias is not None:
        weights += bias
    return mx.softmax(weights, axis=-1)
