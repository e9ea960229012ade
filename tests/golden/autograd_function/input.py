import torch
import torch.nn as nn
from torch.autograd import Function


class Clipped(Function):
    """The identity, with a gradient that is clipped."""

    @staticmethod
    def symbolic(g, x, bound):
        return g.op("Identity", x)

    @staticmethod
    def forward(ctx, x, weight, bound=1.0):
        ctx.bound = bound
        ctx.save_for_backward(x, weight)
        ctx.set_materialize_grads(False)
        return (x * weight).clamp(-bound, bound)

    @staticmethod
    def backward(ctx, grad):
        x, weight = ctx.saved_tensors
        inside = (x * weight).abs() <= ctx.bound
        grad_weight = None
        if ctx.needs_input_grad[1]:
            grad_weight = (grad * x).sum(dim=0)
        return grad.masked_fill(~inside, 0) * weight, grad_weight, None


clipped = Clipped.apply


class Gate(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        return clipped(x, self.weight, 2.0) + Clipped.apply(x, self.weight)
