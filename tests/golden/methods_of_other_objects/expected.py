import numpy as np
import mlx.nn as nn


class Reverse(nn.Module):
    def __init__(self, flow):
        super().__init__()
        self.flow = flow

    def __call__(self, z):
        return self.flow.inverse(z)


def flipped(image):
    return np.flip(image, 0).transpose()
