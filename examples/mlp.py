"""A classifier of flat feature vectors: residual blocks of two linear layers, each behind a batch norm."""

import torch
from torch import nn
from torch.nn import functional as F


class ResidualBlock(nn.Module):
    """Adds a small two-layer network to its input."""

    def __init__(self, width: int, expansion: int = 2, dropout: float = 0.1):
        super().__init__()
        self.norm = nn.BatchNorm1d(width)
        self.up = nn.Linear(width, expansion * width)
        self.down = nn.Linear(expansion * width, width)
        self.dropout = nn.Dropout(dropout)
        nn.init.zeros_(self.down.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = F.relu(self.up(self.norm(x)), inplace=True)
        return x + self.dropout(self.down(hidden))


class Classifier(nn.Module):
    """Logits of `num_classes` classes for features of shape (batch, num_features).

    Features are standardised with statistics that `fit_statistics` takes from the training set.
    """

    def __init__(self, num_features: int, num_classes: int, width: int = 64, depth: int = 3):
        super().__init__()
        self.register_buffer("mean", torch.zeros(num_features))
        self.register_buffer("scale", torch.ones(num_features))
        self.embed = nn.Linear(num_features, width)
        self.blocks = nn.ModuleList([ResidualBlock(width) for _ in range(depth)])
        self.head = nn.Sequential(nn.LayerNorm(width), nn.GELU(), nn.Linear(width, num_classes))

    @torch.no_grad()
    def fit_statistics(self, features: torch.Tensor) -> None:
        self.mean.copy_(features.mean(dim=0))
        self.scale.copy_(features.std(dim=0).clamp(min=1e-3))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        x = self.embed((features - self.mean) / self.scale)
        for block in self.blocks:
            x = block(x)
        return self.head(x)

    def loss(self, features: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Cross entropy with a little label smoothing."""
        return F.cross_entropy(self(features), labels, label_smoothing=0.05)


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Classifier(num_features=20, num_classes=5)
    features = torch.randn(32, 20)
    model.fit_statistics(features)
    model.eval()
    logits = model(features)
    print(logits.shape, logits.argmax(dim=-1)[:8].tolist())
