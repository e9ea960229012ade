import torch
import torch.nn as nn


class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        x.mul_(2)
        return x

    @staticmethod
    def backward(ctx, grad):
        return grad * 2


class Largest(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        values, order = x.sort(dim=-1)
        ctx.mark_non_differentiable(values)
        return values, order

    @staticmethod
    def backward(ctx, grad, grad_order):
        return grad


class Twice(nn.Module):
    def forward(self, x):
        return Double.apply(x) + Largest.apply(x)[0]
