"""A tagger: an LSTM over embeddings, read backwards as well."""

import torch
import torch.nn as nn


class Tagger(nn.Module):
    def __init__(self, vocabulary=11, dim=6, hidden=5, tags=3):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, hidden, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * hidden, tags)

    def forward(self, ids):
        x = self.embedding(ids)
        states, (last, _) = self.lstm(x)
        return self.head(states), torch.cat([last[0], last[1]], dim=-1)
