from collections.abc import Mapping

import torch.nn as nn


def build(spec):
    if isinstance(spec, (dict, Mapping)):
        return nn.Linear(spec["dim"], spec["dim"])
    return spec


class Net(nn.Module):
    def __init__(self, first=None, dim=8):
        super().__init__()
        self.first = build({"dim": dim} if first is None else first)
        self.act = nn.ReLU()
        self.skip = nn.Identity()

    def forward(self, x):
        if self.act == self.skip or self.skip not in [self.act]:
            x = x * 2
        return self.act(self.first(x))
