import mlx.core as mx
import mlx.nn as nn


def kind(x) -> str:
    if isinstance(x, mx.array):
        return "tensor"
    if isinstance(x, (nn.Linear, nn.LayerNorm)):
        return "layer"
    return "module" if isinstance(x, nn.Module) else "other"
