"""A parameter, a local function and a local variable that hide names of torch."""

import mlx.core as mx
import mlx.nn as nn


def softmax(scores):  # the author's own from here on
    return scores


def apply(x, relu):
    return relu(x)


def norm(x: mx.array):
    return nn.relu(softmax(x))
