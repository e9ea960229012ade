import mlx.core as mx
import mlx.nn as nn


class Scaled(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.scale = mx.ones(dim)

    def rename(self, state_dict, prefix, *args):
        if prefix + "gamma" in state_dict:
            state_dict[prefix + "scale"] = state_dict.pop(prefix + "gamma")

    def __call__(self, x):
        return x * self.scale
