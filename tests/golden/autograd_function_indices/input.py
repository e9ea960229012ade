import torch
import torch.nn as nn
from torch.autograd import Function


class Nearest(Function):
    @staticmethod
    def forward(ctx, x, codes):
        indices = torch.cdist(x, codes).argmin(dim=1)
        ctx.save_for_backward(indices, codes)
        ctx.mark_non_differentiable(indices)
        return codes.index_select(0, indices), indices

    @staticmethod
    def backward(ctx, grad, grad_indices):
        indices, codes = ctx.saved_tensors
        return grad.clone(), torch.zeros_like(codes).index_add_(0, indices, grad)


class Quantizer(nn.Module):
    def __init__(self, codes=6, dim=4):
        super().__init__()
        self.codes = nn.Parameter(torch.randn(codes, dim))

    def forward(self, x):
        nearest, indices = Nearest.apply(x, self.codes)
        again = torch.index_select(self.codes, 0, indices)
        return nearest, again
