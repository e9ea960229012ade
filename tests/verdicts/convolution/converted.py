"""A convolution block on images, channels first."""

import mlx.core as mx
import mlx.nn as nn


def average_pool(x, size):
    """Means of the cells of a size x size grid, channels last."""
    rows, columns = x.shape[1], x.shape[2]
    across = [(i * columns // size, -(-(i + 1) * columns // size)) for i in range(size)]
    down = [(i * rows // size, -(-(i + 1) * rows // size)) for i in range(size)]
    cells = [[x[:, a:b, c:d].mean((1, 2)) for c, d in across] for a, b in down]
    return mx.stack([mx.stack(row, 1) for row in cells], 1)


class Block(nn.Module):
    def __init__(self, channels=4, hidden=6):
        super().__init__()
        self.conv = nn.Conv2d(channels, hidden, 3, padding=(1, 2), stride=(2, 1), groups=2)
        self.norm = nn.BatchNorm(hidden)
        self.up = nn.ConvTranspose2d(hidden, channels, 3, stride=2, padding=1, output_padding=1)
        self.head = nn.Linear(channels * 4, 3)
        self.pool = nn.AvgPool2d(3, 2, 1)

    def sanitize(self, weights):
        layouts = {"conv.weight": (0, 2, 3, 1), "up.weight": (1, 2, 3, 0)}
        return {
            name: value.transpose(*layouts[name]) if name in layouts else value
            for name, value in weights.items()
            if "num_batches_tracked" not in name
        }

    def __call__(self, x):
        x = x.transpose(0, 2, 3, 1)
        x = nn.leaky_relu(self.norm(self.conv(x)), 0.2)
        x = self.up(x)
        x = self.pool(mx.pad(x, ((0, 0), (0, 2), (1, 0), (0, 0))))
        return self.head(average_pool(x, 2).transpose(0, 3, 1, 2).reshape(x.shape[0], -1))
