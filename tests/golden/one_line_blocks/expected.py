import mlx.core as mx
import mlx.nn as nn


def act(x: mx.array, flag: bool) -> mx.array:
    if flag: x = nn.relu(x); x = x.reshape(-1)
    y = mx.stop_gradient(x * 2)
    return x + y
