import torch
import torch.nn as nn


class Model(nn.Module):
    def __init__(self, config, vectors=None):
        super().__init__()
        if vectors is not None:
            self.embedding = nn.Embedding.from_pretrained(vectors, freeze=False)
        else:
            self.embedding = nn.Embedding(config.n_vocab, config.embed, padding_idx=config.n_vocab - 1)
        self.fc = nn.Linear(config.embed, 2)

    def forward(self, x):
        return self.fc(self.embedding(x).mean(1))


class Frozen(nn.Module):
    def __init__(self, vectors):
        super().__init__()
        self.embed = nn.Embedding.from_pretrained(torch.tensor(vectors, dtype=torch.float), padding_idx=0)

    def forward(self, x):
        return self.embed(x)
