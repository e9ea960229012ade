from functools import partial

import torch
import torch.nn as nn
from torchvision.ops.misc import Conv2dNormActivation, SqueezeExcitation
from torchvision.ops import MLP


class Block(nn.Module):
    def __init__(self, dim, norm_layer=None):
        super().__init__()
        norm_layer = norm_layer or partial(nn.BatchNorm2d, eps=0.001, momentum=0.01)
        self.stem = Conv2dNormActivation(3, dim, stride=2, norm_layer=norm_layer, activation_layer=nn.Hardswish)
        self.depth = Conv2dNormActivation(dim, dim, kernel_size=5, groups=dim, dilation=2, activation_layer=None)
        self.plain = Conv2dNormActivation(dim, dim, 1, norm_layer=None, activation_layer=nn.SiLU)
        self.se = SqueezeExcitation(dim, dim // 4)
        self.head = MLP(dim, [dim * 2, 10], dropout=0.1)

    def forward(self, x):
        x = self.se(self.plain(self.depth(self.stem(x))))
        return self.head(x.mean((2, 3)))
