"""A mixture of experts, two of them for each token."""

import mlx.core as mx
import mlx.nn as nn


class Experts(nn.Module):
    def __init__(self, dim=8, experts=4, top=2):
        super().__init__()
        self.top = top
        self.gate = nn.Linear(dim, experts, bias=False)
        self.up = mx.random.normal((experts, dim, 2 * dim)) * 0.2
        self.down = mx.random.normal((experts, 2 * dim, dim)) * 0.2

    def __call__(self, x):
        scores = mx.softmax(self.gate(x), axis=-1)
        chosen = mx.stop_gradient(mx.argsort(-scores, axis=-1)[..., : self.top])
        weights = mx.take_along_axis(scores, chosen, axis=-1)
        weights = weights / weights.sum(-1, keepdims=True)
        hidden = nn.relu(mx.einsum("nd,edh->neh", x, self.up)).square()
        outputs = mx.einsum("neh,ehd->ned", hidden, self.down)
        picked = mx.take_along_axis(outputs, chosen[..., None], axis=1)
        load = (chosen[..., None] == mx.arange(scores.shape[-1])).astype(mx.float32).mean((0, 1))
        balance = scores.shape[-1] * (load * scores.mean(0)).sum()
        return (picked * weights[..., None]).sum(1), balance
