import torch
from torch import einsum, nn
from einops import einsum


class Mix(nn.Module):
    def forward(self, q, k):
        return torch.relu(einsum(q, k, "... i d, ... j d -> ... i j"))
