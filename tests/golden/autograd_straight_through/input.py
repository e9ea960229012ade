import torch
import torch.nn as nn


class Round(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.round()

    @staticmethod
    def backward(ctx, grad):
        return grad


class Floor(Round):
    @classmethod
    def forward(cls, ctx, x):
        ctx.steps, order = x.max(dim=-1)
        ctx.mark_non_differentiable(order)
        return super().forward(ctx, x - 0.5), order

    @classmethod
    def backward(cls, ctx, grad, grad_order):
        return Round.backward(ctx, grad) * ctx.steps.unsqueeze(-1)


class Quantize(nn.Module):
    def forward(self, x):
        x, order = Floor.apply(x)
        return Round.apply(x)
