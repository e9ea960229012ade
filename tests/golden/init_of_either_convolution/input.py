import torch.nn as nn


class Block(nn.Module):
    """A convolution, or one that is transposed."""

    def __init__(self, dim, transposed=False):
        super().__init__()
        self.layer = nn.ConvTranspose2d(dim, 2 * dim, 3) if transposed else nn.Conv2d(dim, 2 * dim, 3)
        nn.init.kaiming_uniform_(self.layer.weight, a=1)
        nn.init.xavier_uniform_(self.layer.weight)
        nn.init.kaiming_normal_(self.layer.weight, mode="fan_out")

    def forward(self, x):
        return self.layer(x)
