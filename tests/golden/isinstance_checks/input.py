import torch
import torch.nn as nn


def kind(x) -> str:
    if isinstance(x, torch.Tensor):
        return "tensor"
    if isinstance(x, (nn.Linear, nn.LayerNorm)):
        return "layer"
    return "module" if isinstance(x, nn.Module) else "other"
