import numpy as np
import mlx.core as mx


def _split(tensor, split_size_or_sections, dim):
    """Pieces of a given size, the last one perhaps shorter, or of given sizes."""
    if isinstance(split_size_or_sections, int):
        return mx.split(tensor, list(range(split_size_or_sections, tensor.shape[dim], split_size_or_sections)), axis=dim)
    return mx.split(tensor, np.cumsum(split_size_or_sections)[:-1].tolist(), axis=dim)


def pieces(x, y, size):
    seen = set()
    seen.add(3)
    total = x + y
    left, right = _split(total, size, 1)
    words = "a b".split(" ")
    return mx.sort(left), mx.array(np.unique(np.array(right), axis=None)), words
