# mlxify: Net()(f32[2, 4])
import itertools

import numpy as np
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, n=4):
        super().__init__()
        self.register_buffer("steps", torch.tensor(list(np.arange(n))))
        self.register_buffer("places", torch.tensor(range(n)))
        self.register_buffer("pairs", torch.LongTensor(list(itertools.combinations(np.arange(n), 2))))
        self.register_buffer("rows", torch.tensor([np.ones(n), np.zeros(n)], dtype=torch.float32))
        rows = []
        for i in range(n):
            rows.append(np.arange(n) * i)
        self.register_buffer("table", torch.FloatTensor(rows))
        self.register_buffer("whole", torch.tensor(np.arange(n)))
        self.register_buffer("numbers", torch.tensor([n, n + 1, np.sqrt(2.0), 4]))

    def forward(self, x):
        return x * self.steps + self.places * self.pairs.sum() + self.rows[0] + self.table[1] + self.whole + self.numbers
