import torch
import torch.nn as nn


class Force(nn.Module):
    """Minus the gradient of an energy."""

    def __init__(self, dim):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(dim, 16), nn.Tanh(), nn.Linear(16, 1))

    def forward(self, x):
        with torch.enable_grad():
            x = x.requires_grad_(True)
            scaled = 2 * x
            energy = self.net(scaled).sum()
            force = -torch.autograd.grad(energy, x, create_graph=True)[0]
        return force


class Inline(nn.Module):
    def __init__(self, action):
        super().__init__()
        self.action = action

    def forward(self, x):
        x = x.requires_grad_(True)
        gradient = torch.autograd.grad(torch.sum(self.action(x)), x, create_graph=True)[0]
        return gradient[:, :-1]


class Both(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.mix = nn.Bilinear(dim, dim, 1)

    def forward(self, q, p):
        q.requires_grad_(True)
        p.requires_grad_(True)
        h = self.mix(torch.sin(q), p)
        dq, dp = torch.autograd.grad(outputs=h, inputs=(q, p), grad_outputs=torch.ones_like(h), create_graph=True)
        (again,) = torch.autograd.grad(h.mean(), q)
        return dp, -dq, again


class Conditioned(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.net = nn.Linear(2 * dim, 1)

    def forward(self, x, condition):
        x = x.detach().requires_grad_(True)
        score = self.net(torch.cat([x, condition], dim=-1)).sum()
        return torch.autograd.grad(score, [x], create_graph=True)[0]


class Weighted(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        x.requires_grad_()
        b = self.proj(x)
        return torch.autograd.grad(torch.einsum("...b,...b->", x, b), x, create_graph=True)[0]
