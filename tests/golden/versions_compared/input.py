import torch
import torch.nn as nn
from packaging import version
from torch.nn.attention import SDPBackend, sdpa_kernel


class Attend(nn.Module):
    def __init__(self, flash=False):
        super().__init__()
        assert not (flash and version.parse(torch.__version__) < version.parse("2.0.0")), "PyTorch 2.0 is needed"
        self.backends = [SDPBackend.MATH, SDPBackend.FLASH_ATTENTION]
        self.register_buffer("scale", torch.ones(1))

    @property
    def device(self):
        return next(self.buffers()).device

    def forward(self, q, k, v):
        with sdpa_kernel(self.backends):
            return nn.functional.scaled_dot_product_attention(q, k, v) * self.scale.to(self.device)
