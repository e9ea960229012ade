"""A convolutional variational autoencoder for 28x28 images."""

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F


class VAEOutput(NamedTuple):
    reconstruction: torch.Tensor  # logits, (batch, 1, 28, 28)
    mean: torch.Tensor  # (batch, latent_dim)
    log_var: torch.Tensor


class Encoder(nn.Module):
    def __init__(self, latent_dim: int, width: int = 8):
        super().__init__()
        self.conv1 = nn.Conv2d(1, width, kernel_size=4, stride=2, padding=1)  # 14 x 14
        self.conv2 = nn.Conv2d(width, 2 * width, kernel_size=4, stride=2, padding=1)  # 7 x 7
        self.to_mean = nn.Linear(2 * width * 49, latent_dim)
        self.to_log_var = nn.Linear(2 * width * 49, latent_dim)

    def forward(self, images: torch.Tensor):
        x = F.leaky_relu(self.conv1(images), 0.2)
        x = F.leaky_relu(self.conv2(x), negative_slope=0.2)
        x = torch.flatten(x, start_dim=1)
        # a bounded variance keeps the first steps stable
        return self.to_mean(x), self.to_log_var(x).clamp(-8.0, 8.0)


class Decoder(nn.Module):
    def __init__(self, latent_dim: int, width: int = 8):
        super().__init__()
        self.width = width
        self.fc = nn.Linear(latent_dim, 2 * width * 49)
        self.up1 = nn.ConvTranspose2d(2 * width, width, kernel_size=4, stride=2, padding=1)
        self.up2 = nn.ConvTranspose2d(width, 1, kernel_size=4, stride=2, padding=1)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        x = F.elu(self.fc(z)).view(-1, 2 * self.width, 7, 7)
        return self.up2(F.elu(self.up1(x)))


class VAE(nn.Module):
    """Encodes, samples and decodes; in evaluation the sample is the mean, so that results repeat."""

    def __init__(self, latent_dim: int = 4, width: int = 8):
        super().__init__()
        self.latent_dim = latent_dim
        self.encoder = Encoder(latent_dim, width)
        self.decoder = Decoder(latent_dim, width)

    def reparameterise(self, mean: torch.Tensor, log_var: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return mean
        std = torch.exp(0.5 * log_var)
        noise = torch.randn_like(std)
        return mean + noise * std

    def forward(self, images: torch.Tensor) -> VAEOutput:
        mean, log_var = self.encoder(images)
        z = self.reparameterise(mean, log_var)
        return VAEOutput(self.decoder(z), mean, log_var)

    @torch.no_grad()
    def sample(self, count: int) -> torch.Tensor:
        """New images in [0, 1] from the prior."""
        z = torch.randn(count, self.latent_dim, device=self.encoder.to_mean.weight.device)
        return torch.sigmoid(self.decoder(z))


# mlxify: elbo_loss(VAEOutput(f32[2, 1, 8, 8], f32[2, 4], f32[2, 4]), f32[2, 1, 8, 8; 0, 1])
def elbo_loss(output: VAEOutput, images: torch.Tensor, beta: float = 1.0) -> torch.Tensor:
    """Negative evidence lower bound, averaged over the batch."""
    rec = F.binary_cross_entropy_with_logits(output.reconstruction, images, reduction="sum")
    kl = -0.5 * torch.sum(1 + output.log_var - output.mean.pow(2) - output.log_var.exp())
    return (rec + beta * kl) / images.shape[0]


if __name__ == "__main__":
    torch.manual_seed(0)
    model = VAE().eval()
    images = torch.rand(2, 1, 28, 28)
    output = model(images)
    print(output.reconstruction.shape, elbo_loss(output, images).item(), model.sample(3).shape)
