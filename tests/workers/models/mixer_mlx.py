"""The same model as mixer_torch.py, on MLX."""

from dataclasses import dataclass

import mlx.core as mx
import mlx.nn as nn


@dataclass
class Options:
    dim: int = 8
    drop: float = 0.25


class Gate(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.project = nn.Linear(dim, dim)
        self.scale = mx.zeros((dim,))

    def __call__(self, x: mx.array) -> mx.array:
        opened = mx.sigmoid(self.project(x))
        self._openness = opened.mean(axis=-1)
        return x + self.scale * opened * x


class Mixer(nn.Module):
    """Tokens to logits; `offset` shifts the hidden states."""

    def __init__(self, vocabulary: int, options: Options | None = None, *, depth: int = 2):
        super().__init__()
        options = options or Options()
        dim = options.dim
        self.embed = nn.Embedding(vocabulary, dim)
        self.table = mx.linspace(0.0, 1.0, dim)
        self._position = mx.arange(16).astype(mx.float32) / 16
        self.conv = nn.Conv1d(dim, dim, 3, padding=1)
        self.norm = nn.BatchNorm(dim)
        self.gates = [Gate(dim) for _ in range(depth)]
        self.drop = nn.Dropout(options.drop)
        self.head = nn.Linear(dim, vocabulary, bias=False)
        self.head.weight = self.embed.weight
        self.freeze(keys=["table"], recurse=False)

    def sanitize(self, weights):
        weights = {name: array for name, array in weights.items() if not name.endswith("num_batches_tracked")}
        if "conv.weight" in weights:
            weights["conv.weight"] = weights["conv.weight"].transpose(0, 2, 1)
        return weights

    def encode(self, tokens):
        x = self.embed(tokens) + self.table
        return x + self._position[: x.shape[1], None]

    def __call__(self, tokens: mx.array, offset: mx.array | None = None):
        x = self.encode(tokens)
        self._seen = x.shape[1]
        if offset is not None:
            x = x + offset
        h = self.norm(self.conv(x))
        h = self.drop(nn.relu(h))
        for gate in self.gates:
            h = gate(h)
        return {"logits": self.head(h), "hidden": (h, h.mean(axis=1)), "length": x.shape[1]}


def masked_mean(x, mask):
    weights = mask.astype(x.dtype)
    return (x * weights).sum() / weights.sum()
