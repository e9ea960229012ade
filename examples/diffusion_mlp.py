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


class Diffusion(nn.Module):
    """The denoiser with its noise schedule, on a cosine curve of `steps` timesteps."""

    def __init__(self, denoiser: Denoiser, steps: int = 50, offset: float = 0.008):
        super().__init__()
        self.denoiser = denoiser
        s = torch.linspace(0, 1, steps + 1)
        curve = torch.cos((s + offset) / (1 + offset) * math.pi / 2) ** 2
        betas = (1 - curve[1:] / curve[:-1]).clamp(max=0.999)
        self.register_buffer("betas", betas)
        self.register_buffer("alpha_bar", torch.cumprod(1 - betas, dim=0))

    def forward(self, x: torch.Tensor, noise: torch.Tensor, t: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """The training loss: how well the noise that was added to clean points is told from the noisy ones."""
        a = self.alpha_bar[t].unsqueeze(-1)
        noisy = a.sqrt() * x + (1 - a).sqrt() * noise
        return F.mse_loss(self.denoiser(noisy, t, y), noise)

    @torch.no_grad()
    def step(self, x: torch.Tensor, t: int, y: torch.Tensor, scale: float = 2.0) -> torch.Tensor:
        """One deterministic step from timestep t to t - 1."""
        timesteps = torch.full((x.shape[0],), t, dtype=torch.long, device=x.device)
        noise = self.denoiser.guided(x, timesteps, y, scale)
        a = self.alpha_bar[t]
        previous = self.alpha_bar[t - 1] if t > 0 else torch.ones_like(a)
        clean = (x - (1 - a).sqrt() * noise) / a.sqrt()
        return previous.sqrt() * clean + (1 - previous).sqrt() * noise


# mlxify: Diffusion(Denoiser())(f32[4, 2], f32[4, 2], i64[4; 0, 50], i64[4; 0, 4])
# mlxify: Diffusion(Denoiser()).step(f32[4, 2], 7, i64[4; 0, 3])

if __name__ == "__main__":
    torch.manual_seed(0)
    model = Diffusion(Denoiser()).eval()
    x, y = torch.randn(4, 2), torch.tensor([0, 1, 2, 0])
    for step in reversed(range(50)):
        x = model.step(x, step, y)
    print(x.shape)
