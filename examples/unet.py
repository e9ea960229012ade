"""U-Net: a contracting path, an expanding path of transposed convolutions, and skips between them."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class DoubleConv(nn.Module):
    """Two 3x3 convolutions, each with group norm and SiLU."""

    def __init__(self, in_channels: int, out_channels: int, groups: int = 4):
        super().__init__()
        self.block = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False),
            nn.GroupNorm(groups, out_channels),
            nn.SiLU(inplace=True),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.GroupNorm(groups, out_channels),
            nn.SiLU(inplace=True),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.block(x)


class Down(nn.Module):
    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        self.pool = nn.MaxPool2d(2)
        self.conv = DoubleConv(in_channels, out_channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(self.pool(x))


class Up(nn.Module):
    """Doubles the size, by a transposed convolution or by interpolation, and joins the skip."""

    def __init__(self, in_channels: int, skip_channels: int, out_channels: int, bilinear: bool = False):
        super().__init__()
        self.bilinear = bilinear
        if bilinear:
            self.reduce = nn.Conv2d(in_channels, in_channels // 2, kernel_size=1)
        else:
            self.up = nn.ConvTranspose2d(in_channels, in_channels // 2, kernel_size=2, stride=2)
        self.conv = DoubleConv(in_channels // 2 + skip_channels, out_channels)

    def forward(self, x: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        if self.bilinear:
            x = self.reduce(F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False))
        else:
            x = self.up(x)
        # odd sizes lose a row or a column on the way down
        dy = skip.size(2) - x.size(2)
        dx = skip.size(3) - x.size(3)
        x = F.pad(x, (dx // 2, dx - dx // 2, dy // 2, dy - dy // 2))
        return self.conv(torch.cat([skip, x], dim=1))


class UNet(nn.Module):
    """Per-pixel logits (batch, num_classes, height, width) of images (batch, in_channels, height, width)."""

    def __init__(self, in_channels: int = 1, num_classes: int = 2, width: int = 8, depth: int = 2, bilinear: bool = False):
        super().__init__()
        channels = [width * 2**i for i in range(depth + 1)]
        self.stem = DoubleConv(in_channels, width)
        self.downs = nn.ModuleList([Down(channels[i], channels[i + 1]) for i in range(depth)])
        self.ups = nn.ModuleList(
            [Up(channels[i + 1], channels[i], channels[i], bilinear) for i in reversed(range(depth))]
        )
        self.head = nn.Conv2d(width, num_classes, kernel_size=1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = self.stem(images)
        skips = []
        for down in self.downs:
            skips.append(x)
            x = down(x)
        for up, skip in zip(self.ups, reversed(skips)):
            x = up(x, skip)
        return self.head(x)


# mlxify: dice_loss(f32[2, 3, 6, 5], i64[2, 6, 5; 0, 3])
def dice_loss(logits: torch.Tensor, target: torch.Tensor, eps: float = 1.0) -> torch.Tensor:
    """One minus the overlap of predicted and true masks; target holds class indices (batch, height, width)."""
    probs = logits.softmax(dim=1)
    onehot = F.one_hot(target, logits.size(1)).permute(0, 3, 1, 2).to(probs.dtype)
    overlap = (probs * onehot).sum(dim=(2, 3))
    total = (probs + onehot).sum(dim=(2, 3))
    return 1 - ((2 * overlap + eps) / (total + eps)).mean()


if __name__ == "__main__":
    torch.manual_seed(0)
    model = UNet().eval()
    images = torch.randn(2, 1, 20, 22)
    logits = model(images)
    print(logits.shape, dice_loss(logits, torch.randint(0, 2, (2, 20, 22))).item())
