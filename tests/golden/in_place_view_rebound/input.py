import torch
import torch.nn as nn
from einops import rearrange


class Attention(nn.Module):
    def __init__(self, dim, heads=4):
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(dim, dim)
        self.kv = nn.Linear(dim, dim * 2)
        nn.init.ones_(self.kv.bias.view(2, dim))

    def forward(self, x, mask):
        q = self.q(x)
        k, v = self.kv(x).chunk(2, dim=-1)
        q, k, v = map(lambda t: rearrange(t, "b n (h d) -> b h n d", h=self.heads), (q, k, v))
        q *= 0.5
        q.masked_fill_(~mask[:, None, :, None], 0.0)
        return torch.softmax(q @ k.transpose(-1, -2), dim=-1) @ v


def upper(size, shifted):
    mask = torch.zeros(size * 2, size)
    if shifted:
        mask = rearrange(mask, "(a b) c -> a b c", a=2)
        mask[:, -1:] = 1.0
        mask = rearrange(mask, "a b c -> (a b) c")
    return mask


class Tiles(nn.Module):
    def forward(self, x, offsets):
        x = x + 1
        x = x.view(x.shape[0], 2, -1)
        for at, offset in enumerate(offsets):
            x[at] += offset
        return x


def scores(q, k, padding, bias=None):
    weights = torch.bmm(q, k.transpose(1, 2))
    if padding is not None:
        weights = weights.view(2, -1, weights.shape[1], weights.shape[2])
        weights.masked_fill_(padding[:, None, None], float("-inf"))
        weights = weights.view(-1, weights.shape[2], weights.shape[3])
    if bias is not None:
        weights += bias
    return weights.softmax(-1)
