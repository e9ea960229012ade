"""A small model with one of each: embedding, convolution, norm with statistics, gate, dropout, buffers, tied weights."""

from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class Options:
    dim: int = 8
    drop: float = 0.25


class Gate(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.project = nn.Linear(dim, dim)
        self.scale = nn.Parameter(torch.zeros(dim))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        opened = torch.sigmoid(self.project(x))
        self.openness = opened.mean(dim=-1)
        return x + self.scale * opened * x


class Mixer(nn.Module):
    """Tokens to logits; `offset` shifts the hidden states."""

    def __init__(self, vocabulary: int, options: Options | None = None, *, depth: int = 2):
        super().__init__()
        options = options or Options()
        dim = options.dim
        self.embed = nn.Embedding(vocabulary, dim)
        self.register_buffer("table", torch.linspace(0.0, 1.0, dim))
        self.register_buffer("position", torch.arange(16).float() / 16, persistent=False)
        self.conv = nn.Conv1d(dim, dim, 3, padding=1)
        self.norm = nn.BatchNorm1d(dim)
        self.gates = nn.ModuleList([Gate(dim) for _ in range(depth)])
        self.drop = nn.Dropout(options.drop)
        self.head = nn.Linear(dim, vocabulary, bias=False)
        self.head.weight = self.embed.weight

    def encode(self, tokens):
        x = self.embed(tokens) + self.table
        return x + self.position[: x.shape[1], None]

    def forward(self, tokens: torch.Tensor, offset: torch.Tensor | None = None):
        x = self.encode(tokens)
        self.seen = x.shape[1]
        if offset is not None:
            x = x + offset
        h = self.norm(self.conv(x.transpose(1, 2))).transpose(1, 2)
        h = self.drop(F.relu(h))
        for gate in self.gates:
            h = gate(h)
        return {"logits": self.head(h), "hidden": (h, h.mean(dim=1)), "length": x.shape[1]}


def masked_mean(x, mask):
    weights = mask.to(x.dtype)
    return (x * weights).sum() / weights.sum()
