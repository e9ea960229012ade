import mlx.core as mx
import mlx.nn as nn


def _sqrt(input):
    return mx.where(input == 0, mx.stop_gradient(input ** 0.5), mx.where(input == 0, 1, input) ** 0.5)


def _power(input, exponent):
    return mx.where(input == 0, mx.stop_gradient(input ** exponent), mx.where(input == 0, 1, input) ** exponent)


def a(x):
    return _sqrt(mx.maximum(x, 0))
def b(x):
    return _sqrt(nn.relu(x))
def c(x):
    return _power(nn.relu(x), 0.5)
