import torch
import torch.nn as nn


class Gates(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.rnn = nn.LSTM(dim, dim)
        self.rnn.bias_hh_l0.data.chunk(4)[1].fill_(1)

    def forward(self, x, weight):
        weight.split(2)[0].zero_()
        return self.rnn(x)[0] @ weight
