import torch
from torch import nn


class Rotary(nn.Module):
    def __init__(self, dim, use_xpos=False):
        super().__init__()
        self.use_xpos = use_xpos
        self.register_buffer("scale", torch.arange(0, dim) + 0.4)

    def get_scale(self, t):
        scale = 1.0
        if self.use_xpos:
            scale = self.scale**t
        return scale

    def forward(self, q):
        return q * self.get_scale(q).type(q.dtype)
