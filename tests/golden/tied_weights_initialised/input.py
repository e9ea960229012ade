import torch.nn as nn


class Net(nn.Module):
    def __init__(self, words, dim):
        super().__init__()
        self.embedding = nn.Embedding(words, dim)
        self.head = nn.Linear(dim, words, bias=False)
        self.head.weight = self.embedding.weight
        nn.init.normal_(self.embedding.weight, std=0.02)

    def forward(self, x):
        return self.head(self.embedding(x))
