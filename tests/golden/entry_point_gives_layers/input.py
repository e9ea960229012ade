import torch
from torch import nn


def block(inputs, outputs):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


def depthwise(inputs, outputs):
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs),
        nn.Conv2d(inputs, outputs, 1),
    )


class Net(nn.Module):
    def __init__(self, inputs=3, outputs=8):
        super().__init__()
        self.first = block(inputs, outputs)
        self.second = block(outputs, outputs)

    def forward(self, x):
        return self.second(self.first(x))
