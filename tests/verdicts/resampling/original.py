"""Images made larger and smaller."""

import torch.nn as nn
import torch.nn.functional as F


class Resample(nn.Module):
    def __init__(self, channels=4):
        super().__init__()
        self.mix = nn.Conv2d(channels, 4 * channels, 1)

    def forward(self, x):
        y = F.pixel_shuffle(self.mix(x), 2)
        nearest = F.interpolate(x, scale_factor=2, mode="nearest")
        smooth = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        pooled = F.max_pool2d(y, 3, stride=1, padding=1)
        patches = F.unfold(x, 2, stride=2).sum(-1)
        return y + nearest + smooth + pooled + patches.mean(1)[:, None, None, None]
