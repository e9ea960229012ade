import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Conv1d(4, 8, 4, stride=2, padding_mode="circular")
        self.up = nn.ConvTranspose1d(8, 4, 2)
        self.mix = nn.Parameter(torch.empty(3, 4, 5))
        nn.init.xavier_uniform_(self.mix)
        nn.init.kaiming_normal_(self.up.weight, nonlinearity="relu")
        nn.init.orthogonal_(self.up.weight)
        for m in self.modules():
            if isinstance(m, nn.Conv1d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
                print(nn.init._calculate_fan_in_and_fan_out(m.weight))

    def forward(self, x):
        return self.up(self.down(x)) + self.mix.sum()
