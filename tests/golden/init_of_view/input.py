import torch.nn as nn


class Embed(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.proj = nn.Conv2d(3, dim, 4, stride=4)
        self.mix = nn.Conv1d(dim, dim, 3, padding=1)
        w = self.proj.weight.data
        nn.init.xavier_uniform_(w.view([w.shape[0], -1]))
        nn.init.kaiming_normal_(self.mix.weight.view(self.mix.weight.size(0), -1))
        bias = self.proj.bias.data
        nn.init.constant_(bias, 0.5)

    def forward(self, x):
        return self.mix(self.proj(x).flatten(2))
