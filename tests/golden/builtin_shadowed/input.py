from torch import nn

all = ["Up"]


class Up(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.up = nn.ConvTranspose2d(n, n, 2)

    def forward(self, x):
        return self.up(x)
