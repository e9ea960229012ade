import math
import torch.nn as nn


class Up(nn.ConvTranspose2d):
    def __init__(self, c1, c2, k=1, s=1, p1=0, p2=0):
        super().__init__(c1, c2, k, s, p1, p2, groups=math.gcd(c1, c2))


class Narrow(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.up = nn.ConvTranspose2d(dim, dim, (4, 1), 2, padding=1)
        self.plain = nn.ConvTranspose2d(dim, dim, (4, 3), 2, padding=1)

    def forward(self, x):
        return self.plain(self.up(x))
