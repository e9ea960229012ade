import copy

import torch.nn as nn
import torch.nn.functional as F


class Layer(nn.Module):
    def __init__(self, dim, activation):
        super().__init__()
        self.linear = nn.Linear(dim, dim)
        self.activation = F.gelu if activation == "gelu" else F.relu

    def __setstate__(self, state):
        if "activation" not in state:
            state["activation"] = F.relu
        super().__setstate__(state)

    def forward(self, x):
        return self.activation(self.linear(x))


class Stack(nn.Module):
    def __init__(self, dim, depth, activation="relu"):
        super().__init__()
        layer = Layer(dim, activation)
        self.layers = nn.ModuleList([copy.deepcopy(layer) for _ in range(depth)])

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x
