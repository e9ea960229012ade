from functools import partial

import torch
from torch import nn


class Attend(nn.Module):
    def __init__(self, backends=None):
        super().__init__()
        if backends is not None:
            self.context = partial(torch.nn.attention.sdpa_kernel, backends)
        else:
            self.context = partial(torch.backends.cuda.sdp_kernel, enable_flash=True, enable_math=False)
        self.precision = torch.autocast

    def forward(self, q, k, v):
        with self.context():
            out = torch.nn.functional.scaled_dot_product_attention(q, k, v)
        with self.precision("cuda", enabled=False):
            return out + q
