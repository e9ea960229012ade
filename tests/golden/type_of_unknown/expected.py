import mlx.core as mx
import mlx.nn as nn


class Rotary(nn.Module):
    def __init__(self, dim, use_xpos=False):
        super().__init__()
        self.use_xpos = use_xpos
        self.scale = mx.arange(0, dim) + 0.4
        self.freeze(keys=["scale"], recurse=False)

    def get_scale(self, t):
        scale = 1.0
        if self.use_xpos:
            scale = self.scale**t
        return scale

    def __call__(self, q):
        return q * self.get_scale(q).astype(q.dtype)
