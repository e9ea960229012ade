"""Images made larger and smaller."""

import mlx.core as mx
import mlx.nn as nn


class Resample(nn.Module):
    def __init__(self, channels=4):
        super().__init__()
        self.mix = nn.Linear(channels, 4 * channels)
        self.nearest = nn.Upsample(2, "nearest")
        self.smooth = nn.Upsample(2, "linear", align_corners=False)
        self.pool = nn.MaxPool2d(3, 1, 1)

    def sanitize(self, weights):
        return {name: value.reshape(value.shape[:2]) if value.ndim == 4 else value for name, value in weights.items()}

    def __call__(self, x):
        b, c, h, w = x.shape
        last = x.transpose(0, 2, 3, 1)
        y = self.mix(last).reshape(b, h, w, c, 2, 2).transpose(0, 1, 4, 2, 5, 3).reshape(b, 2 * h, 2 * w, c)
        pooled = self.pool(y)
        rows, columns = h // 2, w // 2
        patches = x[:, :, : 2 * rows, : 2 * columns].sum((2, 3)) / 4
        out = y + self.nearest(last) + self.smooth(last) + pooled
        return out.transpose(0, 3, 1, 2) + patches.mean(1)[:, None, None, None]
