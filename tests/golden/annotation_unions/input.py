import torch
import torch.nn as nn


class A(nn.Module):
    def f(self, a: list[torch.Tensor] | None = None, b: list[tuple[torch.Tensor, torch.Tensor]] | None = None, c: list[tuple[torch.Tensor, int]] = None):
        return a

    def g(self, a: tuple[torch.Tensor, torch.Tensor] | None, b: dict[str, list[torch.Tensor]] | None = None):
        hidden: list[tuple[torch.Tensor, torch.Tensor]] = []
        return a
