import torch
import torch.nn as nn


class Layer(nn.Module):
    def __init__(self, dim, nonlinear_activation, params={}):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(dim, dim), getattr(torch.nn, nonlinear_activation)(**params))

    def forward(self, x):
        return self.layers(x)
