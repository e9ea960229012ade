import mlx.core as mx
import mlx.nn as nn


# fused on a GPU
def gelu_gate(x: mx.array, gate: mx.array) -> mx.array:
    return nn.gelu(gate) * x


def double(x: mx.array) -> mx.array:
    return x + x


class Gate(nn.Module):
    def __call__(self, x: mx.array) -> mx.array:
        return gelu_gate(double(x), x)
