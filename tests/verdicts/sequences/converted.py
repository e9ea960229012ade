"""Causal convolutions over a sequence, and a masked mean."""

import mlx.core as mx
import mlx.nn as nn


class Sequence(nn.Module):
    def __init__(self, dim=4, kernel=3, dilation=2):
        super().__init__()
        self.left = (kernel - 1) * dilation
        self.depthwise = nn.Conv1d(dim, dim, kernel, dilation=dilation, groups=dim)
        self.pointwise = nn.Conv1d(dim, 2 * dim, 1)

    def sanitize(self, weights):
        return {
            name: value.swapaxes(1, 2) if name.endswith("wise.weight") else value for name, value in weights.items()
        }

    def __call__(self, x, mask=None):
        y = self.depthwise(mx.pad(x, ((0, 0), (self.left, 0), (0, 0))))
        value, gate = mx.split(self.pointwise(y), 2, axis=-1)
        y = value * mx.sigmoid(gate)
        if mask is None:
            return y.mean(1)
        y = mx.where(mask[..., None], y, 0.0)
        return y.sum(1) / mx.maximum(mask.sum(1, keepdims=True), 1)
