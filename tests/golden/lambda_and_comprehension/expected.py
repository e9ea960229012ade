import mlx.core as mx
import mlx.nn as nn

ACTIVATIONS = {
    "relu": nn.relu,
    "silu": lambda x: nn.silu(x) * 2,
    "square": lambda t: mx.square(nn.relu(t)),
}


def apply_all(xs: list[mx.array], name: str) -> list[mx.array]:
    act = ACTIVATIONS[name]
    return [mx.tanh(act(x)) for x in xs if x.ndim > 1]
