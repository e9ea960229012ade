import torch.nn as nn


class Hourglass(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.down = nn.Conv1d(channels, channels, 3, stride=2, padding=1)
        self.up = nn.ConvTranspose1d(channels, channels, 3, stride=2, padding=1)

    def forward(self, x):
        return self.up(self.down(x), output_size=x.size())
