import mlx.core as mx
import mlx.nn as nn
from packaging import version


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


class Attend(nn.Module):
    def __init__(self, flash=False):
        super().__init__()
        assert not (flash and version.parse("2.13.0") < version.parse("2.0.0")), "PyTorch 2.0 is needed"
        self.backends = ["math", "flash_attention"]
        self.scale = mx.ones(1)
        self.freeze(keys=["scale"], recurse=False)

    @property
    def device(self):
        return mx.default_device()

    def __call__(self, q, k, v):
        return _attention(q, k, v) * self.scale
