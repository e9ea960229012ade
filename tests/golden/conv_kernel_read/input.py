import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim, 3, padding=1, bias=False)
        nn.init.zeros_(self.conv.weight)

    def forward(self, x):
        kernel = self.conv.weight.sum(dim=(2, 3), keepdim=True)
        return self.conv(x) - F.conv2d(x, kernel) * self.conv.weight.shape[2]
