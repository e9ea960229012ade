import torch
from torch import nn
from torch.nn.init import xavier_uniform_, zeros_


class Dense(nn.Module):
    def __init__(self, n, weight_init=xavier_uniform_, bias_init=zeros_):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n, n))
        weight_init(self.weight)
        self.bias = nn.Parameter(torch.empty(n))
        bias_init(self.bias)

    def forward(self, x):
        return x @ self.weight + self.bias
