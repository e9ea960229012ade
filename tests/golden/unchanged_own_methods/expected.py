import mlx.core as mx
import mlx.nn as nn


class Grid:
    """Has methods that tensors have too."""

    def __init__(self, cells):
        self.cells = list(cells)

    def view(self, *shape):
        return Grid(self.cells)

    def transpose(self, a, b):
        return self

    def add(self, cell):
        self.cells.append(cell)
        return self

    def size(self, dim):
        return len(self.cells)


def layout(names: str, cells: list):
    grid = Grid(cells).view(1, -1).transpose(0, 1)
    grid.add(names.split(" ", 1)[0])
    seen = set()
    seen.add(cells.index(3))
    return grid.size(0), names.format(1), seen


class Names(nn.Module):
    def split(self, text, sep):
        return text.split(sep)

    def __call__(self, x: mx.array, text: str):
        return x, self.split(text, "-")
