import mlx.core as mx
import mlx.nn as nn


def _sinc(input):
    angle = mx.pi * mx.where(input == 0, 1, input)
    return mx.where(input == 0, 1, mx.sin(angle) / angle)


def _attention(query, key, value):
    """torch's scaled dot-product attention for any rank, with its top-left causal mask and its dropout.

    A boolean mask is true where a query may attend. A query that may attend to nothing gives zeros.
    """
    scale = query.shape[-1] ** -0.5
    if query.ndim == 4:
        return mx.fast.scaled_dot_product_attention(query, key, value, scale=scale, mask=None)
    if key.shape[-3:-2] != query.shape[-3:-2]:
        key = mx.repeat(key, query.shape[-3] // key.shape[-3], axis=-3)
        value = mx.repeat(value, query.shape[-3] // value.shape[-3], axis=-3)
    scores = query * scale @ key.swapaxes(-1, -2)
    weights = mx.softmax(scores, axis=-1)
    return weights @ value

sinc = _sinc


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.flash = True

    def __call__(self, q):
        if self.flash:
            return _attention(q, q, q)
        return mx.softmax(q @ q.mT, axis=-1) @ sinc(q)
