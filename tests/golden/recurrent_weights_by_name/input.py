import torch
import torch.nn as nn


class Tagger(nn.Module):
    def __init__(self, dim, hidden, layers=1):
        super().__init__()
        self.rnn = nn.LSTM(dim, hidden, layers, bidirectional=True, batch_first=True)
        self.out = nn.Linear(hidden * (2 if self.rnn.bidirectional else 1), self.rnn.input_size)
        for names in self.rnn._all_weights:
            for name in filter(lambda n: "bias" in n, names):
                bias = getattr(self.rnn, name)
                n = bias.size(0)
                bias.data[n // 4:n // 2].fill_(1.0)  # the gate that forgets
        for i in range(self.rnn.num_layers):
            nn.init.constant_(getattr(self.rnn, f"weight_hh_l{i}"), 0.5)
            getattr(self.rnn, f"weight_ih_l{i}").data.fill_(0.25)

    def forward(self, x):
        return self.out(self.rnn(x)[0])
