import numpy as np
import torch
from torch import nn


class Reverse(nn.Module):
    def __init__(self, flow):
        super().__init__()
        self.flow = flow

    def forward(self, z):
        return self.flow.inverse(z)


def flipped(image):
    return np.flip(image, 0).transpose()
