import mlx.nn as nn


class Net(nn.Module):
    def __init__(self, words, dim):
        super().__init__()
        self.embedding = nn.Embedding(words, dim)
        self.head = nn.Linear(dim, words, bias=False)
        self.head.weight = self.embedding.weight
        self.embedding.weight[...] = nn.init.normal(std=0.02)(self.embedding.weight)

    def __call__(self, x):
        return self.head(self.embedding(x))
