import torch
from torch import nn


class Scaled(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(dim))
        self._register_load_state_dict_pre_hook(self.rename)

    def rename(self, state_dict, prefix, *args):
        if prefix + "gamma" in state_dict:
            state_dict[prefix + "scale"] = state_dict.pop(prefix + "gamma")

    def forward(self, x):
        return x * self.scale
