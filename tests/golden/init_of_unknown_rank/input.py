import torch
import torch.nn as nn


class Products(nn.Module):
    def __init__(self, pairs, dim, kind="matrix"):
        super().__init__()
        shape = (dim, pairs, dim) if kind == "matrix" else (pairs, dim)
        self.kernel = nn.Parameter(torch.zeros(shape))
        nn.init.xavier_uniform_(self.kernel)
        nn.init.kaiming_normal_(self.kernel, mode="fan_out")

    def forward(self, p, q):
        return (p * self.kernel).sum(dim=-1) * q
