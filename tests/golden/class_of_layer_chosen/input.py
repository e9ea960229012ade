from torch import nn


def pad_layer(kind):
    if kind == "reflect":
        layer = nn.ReflectionPad2d
    else:
        layer = nn.ZeroPad2d
    return layer


class Blur(nn.Module):
    def __init__(self, kind="reflect", pad=1, pool=nn.MaxPool2d):
        super().__init__()
        self.pad = pad_layer(kind)([pad, pad, pad, pad])
        self.pool = pool(2)

    def forward(self, x):
        return self.pool(self.pad(x))
