import torch
import torch.nn as nn
from torch.cuda.amp import custom_fwd


class A(nn.Module):
    @custom_fwd(cast_inputs=torch.float32)
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + 1
