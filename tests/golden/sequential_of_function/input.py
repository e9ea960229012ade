import torch.nn as nn


def mixer(dim: int, depth):
    return nn.Sequential(
        nn.Linear(dim, dim),
        *[block(dim) for _ in range(depth)],
        nn.LayerNorm(dim),
    )


def block(dim):
    return nn.Sequential(nn.Linear(dim, dim), nn.GELU())


def tied(words, dim):
    net = nn.Sequential(nn.Embedding(words, dim), nn.Linear(dim, words, bias=False))
    net[1].weight = net[0].weight
    return net
