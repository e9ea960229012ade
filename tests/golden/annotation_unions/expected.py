import mlx.core as mx
import mlx.nn as nn


class A(nn.Module):
    def f(self, a: list[mx.array] | None = None, b: list[tuple[mx.array, mx.array]] | None = None, c: list[tuple[mx.array, int]] = None):
        return a

    def g(self, a: tuple[mx.array, mx.array] | None, b: dict[str, list[mx.array]] | None = None):
        hidden: list[tuple[mx.array, mx.array]] = []
        return a
