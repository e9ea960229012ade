"""A tagger: an LSTM over embeddings, read backwards as well."""

import mlx.core as mx
import mlx.nn as nn


class Tagger(nn.Module):
    def __init__(self, vocabulary=11, dim=6, hidden=5, tags=3):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, dim)
        self.embedding.weight[0] = 0
        self.forwards = nn.LSTM(dim, hidden)
        self.backwards = nn.LSTM(dim, hidden)
        bound = hidden**-0.5
        for lstm in (self.forwards, self.backwards):
            lstm.bias = mx.random.uniform(-bound, bound, lstm.bias.shape) + mx.random.uniform(
                -bound, bound, lstm.bias.shape
            )
        self.head = nn.Linear(2 * hidden, tags)

    def sanitize(self, weights):
        weights = dict(weights)
        for side, suffix in (("forwards", ""), ("backwards", "_reverse")):
            weights[f"{side}.Wx"] = weights.pop(f"lstm.weight_ih_l0{suffix}")
            weights[f"{side}.Wh"] = weights.pop(f"lstm.weight_hh_l0{suffix}")
            weights[f"{side}.bias"] = weights.pop(f"lstm.bias_ih_l0{suffix}") + weights.pop(f"lstm.bias_hh_l0{suffix}")
        return weights

    def __call__(self, ids):
        x = self.embedding(ids)
        x = mx.where((ids == 0)[..., None], mx.stop_gradient(x), x)
        first, _ = self.forwards(x)
        second = self.backwards(x[:, ::-1])[0][:, ::-1]
        states = mx.concatenate([first, second], axis=-1)
        return self.head(states), mx.concatenate([first[:, -1], second[:, 0]], axis=-1)
