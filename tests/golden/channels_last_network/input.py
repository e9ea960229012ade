import torch
import torch.nn as nn
import torch.nn.functional as F


class ChannelGate(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(channels, 4), nn.ReLU(), nn.Linear(4, channels))

    def forward(self, x):
        pooled = F.adaptive_avg_pool2d(x, 1).flatten(1)
        scale = torch.sigmoid(self.mlp(pooled)).unsqueeze(2).unsqueeze(3).expand_as(x)
        return x * scale


class SpatialGate(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 1, 7, padding=3)

    def forward(self, x):
        mean = torch.mean(x, dim=1, keepdim=True)
        largest, _ = torch.max(x, dim=1, keepdim=True)
        return x * torch.sigmoid(self.conv(torch.cat([mean, largest], 1)))


class NextBlock(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dwconv = nn.Conv2d(dim, dim, 7, padding=3, groups=dim)
        self.norm = nn.LayerNorm(dim)
        self.pw = nn.Linear(dim, dim)
        self.gamma = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        shortcut = x
        x = self.dwconv(x)
        x = x.permute(0, 2, 3, 1)  # (b, h, w, c)
        x = self.gamma * self.pw(self.norm(x))
        x = x.permute(0, 3, 1, 2)
        return shortcut + x


class Dense(nn.Module):
    def __init__(self, channels, growth=4, layers=3):
        super().__init__()
        self.convs = nn.ModuleList([nn.Conv2d(channels + i * growth, growth, 3, padding=1) for i in range(layers)])
        self.act = nn.PReLU(growth)

    def forward(self, x):
        features = [x]
        for conv in self.convs:
            y = self.act(conv(torch.cat(features, 1)))
            features.append(y)
        return torch.cat(features, dim=1)


class Attention(nn.Module):
    """Attention over pixels."""

    def __init__(self, dim, heads=2):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Conv2d(dim, dim * 3, 1)
        self.out = nn.Conv2d(dim, dim, 1)

    def forward(self, x):
        b, c, h, w = x.shape
        q, k, v = self.qkv(x).chunk(3, dim=1)
        q, k, v = (t.reshape(b, self.heads, c // self.heads, h * w) for t in (q, k, v))
        weights = torch.einsum("bhcn,bhcm->bhnm", q, k).softmax(-1)
        y = torch.einsum("bhnm,bhcm->bhcn", weights, v).reshape(b, c, h, w)
        return self.out(y) + x


class Down(nn.Module):
    def __init__(self, inp, out):
        super().__init__()
        self.conv = nn.Conv2d(inp, out, 3, padding=1)
        self.norm = nn.GroupNorm(2, out)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        skip = F.silu(self.norm(self.conv(x)))
        return self.pool(skip), skip


class Net(nn.Module):
    def __init__(self, classes=5):
        super().__init__()
        self.downs = nn.ModuleList([Down(3, 8), Down(8, 8)])
        self.middle = nn.Sequential(NextBlock(8), Attention(8), nn.Dropout2d(0.1))
        self.channel = ChannelGate(8)
        self.spatial = SpatialGate()
        self.dense = Dense(8)
        self.reduce = nn.Conv2d(20, 8, 1)
        self.ups = nn.ModuleList([nn.Conv2d(16, 8, 3, padding=1) for _ in range(2)])
        self.shuffle = nn.PixelShuffle(2)
        self.head = nn.Linear(2 * 8, classes)

    def forward(self, x):
        skips = []
        for down in self.downs:
            x, skip = down(x)
            skips.append(skip)
        x = self.middle(x)
        x = self.spatial(self.channel(x))
        x = self.reduce(self.dense(x))
        for up in self.ups:
            skip = skips.pop()
            x = F.interpolate(x, size=skip.shape[2:], mode="bilinear", align_corners=False)
            x = torch.cat((x, skip), dim=1)
            x = F.relu(up(x))
        x = x + x.mean(dim=(2, 3), keepdim=True)
        x = x * F.softmax(x, dim=1)
        y = self.shuffle(x)
        x = F.max_pool2d(y, 2, 1)
        z = torch.cat([x.flatten(2).mean(-1), x.amax((2, 3))], dim=1)
        z = z.repeat(1, 4)
        return self.head(z), y
