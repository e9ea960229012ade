"""A denoising diffusion model of points in the plane: a conditioned network and its noise schedule."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def timestep_embedding(t: torch.Tensor, dim: int, max_period: float = 10000.0) -> torch.Tensor:
    """Sines and cosines of timesteps (batch,) at geometric frequencies: (batch, dim)."""
    half = dim // 2
    freqs = torch.exp(-math.log(max_period) * torch.arange(half, dtype=torch.float32, device=t.device) / half)
    args = t.float()[:, None] * freqs[None]
    embedding = torch.cat([torch.cos(args), torch.sin(args)], dim=-1)
    if dim % 2:
        embedding = F.pad(embedding, (0, 1))
    return embedding


class ModulatedBlock(nn.Module):
    """A residual block whose norm is scaled and shifted by the conditioning; it starts as the identity."""

    def __init__(self, dim: int):
        super().__init__()
        self.norm = nn.LayerNorm(dim, elementwise_affine=False)
        self.modulation = nn.Linear(dim, 3 * dim)
        self.fc1 = nn.Linear(dim, 2 * dim)
        self.fc2 = nn.Linear(2 * dim, dim)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def forward(self, x: torch.Tensor, cond: torch.Tensor) -> torch.Tensor:
        shift, scale, gate = self.modulation(F.silu(cond)).chunk(3, dim=-1)
        h = self.norm(x) * (1 + scale) + shift
        return x + gate * self.fc2(F.gelu(self.fc1(h)))


class Denoiser(nn.Module):
    """Predicts the noise in points (batch, 2) at timesteps (batch,), given class labels (batch,).

    The label `num_classes` means "no class", for guidance.
    """

    def __init__(self, num_classes: int = 3, dim: int = 32, depth: int = 2):
        super().__init__()
        self.dim = dim
        self.num_classes = num_classes
        self.input = nn.Linear(2, dim)
        self.time = nn.Sequential(nn.Linear(dim, dim), nn.SiLU(), nn.Linear(dim, dim))
        self.label = nn.Embedding(num_classes + 1, dim)
        self.blocks = nn.ModuleList([ModulatedBlock(dim) for _ in range(depth)])
        self.output = nn.Linear(dim, 2)

    def forward(self, x: torch.Tensor, t: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        cond = self.time(timestep_embedding(t, self.dim)) + self.label(y)
        h = self.input(x)
        for block in self.blocks:
            h = block(h, cond)
        return self.output(h)

    def guided(self, x: torch.Tensor, t: torch.Tensor, y: torch.Tensor, scale: float) -> torch.Tensor:
        """Exaggerates what the label changes, by classifier-free guidance."""
        none = torch.full_like(y, self.num_classes)
        with_label, without = self(torch.cat([x, x]), torch.cat([t, t]), torch.cat([y, none])).chunk(2)
        return torch.lerp(without, with_label, scale)


class NoiseSchedule(nn.Module):
    """The share of signal left at each of `steps` timesteps, on a cosine curve."""

    def __init__(self, steps: int = 50, offset: float = 0.008):
        super().__init__()
        s = torch.linspace(0, 1, steps + 1)
        curve = torch.cos((s + offset) / (1 + offset) * math.pi / 2) ** 2
        betas = (1 - curve[1:] / curve[:-1]).clamp(max=0.999)
        self.register_buffer("betas", betas)
        self.register_buffer("alpha_bar", torch.cumprod(1 - betas, dim=0))

    def add_noise(self, x: torch.Tensor, noise: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        a = self.alpha_bar[t].unsqueeze(-1)
        return a.sqrt() * x + (1 - a).sqrt() * noise

    def forward(self, x: torch.Tensor, noise: torch.Tensor, t: int) -> torch.Tensor:
        """One deterministic step from timestep t to t - 1, given the predicted noise."""
        a = self.alpha_bar[t]
        previous = self.alpha_bar[t - 1] if t > 0 else torch.ones_like(a)
        clean = (x - (1 - a).sqrt() * noise) / a.sqrt()
        return previous.sqrt() * clean + (1 - previous).sqrt() * noise


if __name__ == "__main__":
    torch.manual_seed(0)
    model, schedule = Denoiser().eval(), NoiseSchedule()
    x, y = torch.randn(4, 2), torch.tensor([0, 1, 2, 0])
    for step in reversed(range(50)):
        t = torch.full((4,), step)
        with torch.no_grad():
            x = schedule(x, model.guided(x, t, y, 2.0), step)
    print(x.shape)
