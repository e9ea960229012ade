"""A parameter, a local function and a local variable that hide names of torch."""

import torch
from torch.nn.functional import relu, softmax


def softmax(scores):  # the author's own from here on
    return scores


def apply(x, relu):
    return relu(x)


def norm(x: torch.Tensor):
    return relu(softmax(x))
