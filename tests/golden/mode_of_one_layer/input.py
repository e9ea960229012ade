import torch.nn as nn


class Frozen(nn.Module):
    """A norm that begins in evaluation mode, and what a convolution says of itself."""

    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm = nn.BatchNorm2d(channels)
        self.norm.training = False
        self.transposed = self.conv.transposed
        self.output_padding = self.conv.output_padding

    def fix(self):
        self.training = False

    def forward(self, x):
        y = self.norm(self.conv(x))
        return y if not self.transposed and self.output_padding == (0, 0) else x
