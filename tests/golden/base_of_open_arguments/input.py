from torch import nn


class Norm(nn.LayerNorm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.eps = 1e-6


class Channels(nn.BatchNorm2d):
    def __init__(self, dim, device=None, dtype=None):
        super().__init__(num_features=dim, eps=1e-3, device=device, dtype=dtype)
