from torch import nn


class Pool(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        return self.proj(x)


class Net(nn.Module):
    def __init__(self, dim, config, head: nn.Module = None, pool=None):
        super().__init__()
        self.config = config
        self.pool = pool
        self.conv = nn.Conv1d(dim, dim, 3, padding=2)
        if head is not None:
            self.sizes = head.in_features, head.out_features
        if isinstance(self.pool, Pool):
            nn.init.normal_(self.pool.proj.weight, std=self.pool.proj.in_features**-0.5)
        self.width = self.config.model.in_channels  # of no layer

    def forward(self, x):
        return self.conv(x)[..., : -self.conv.padding[0]]
