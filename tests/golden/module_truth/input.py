import torch.nn as nn


class Block(nn.Module):
    def __init__(self, dim, act=True, drop=0.0):
        super().__init__()
        self.proj = nn.Linear(dim, dim)
        self.act = nn.ReLU() if act else None
        self.drop = nn.Dropout(drop) if drop > 0 else False
        self.skip = nn.Identity()
        self.shortcut = nn.Sequential()
        self.blocks = nn.ModuleList([])

    def forward(self, x):
        y = self.proj(x)
        if self.act:
            y = self.act(y)
        y = self.drop(y) if self.drop else y
        if not self.act and self.skip:
            y = y * 2
        if self.shortcut and self.blocks:
            y = y + self.shortcut(x)
        last = self.act or self.skip
        return last(y)
