import mlx.core as mx


def _expanded(shape, sizes):
    """The sizes with -1 replaced by what the axis has."""
    return tuple(shape[axis - len(sizes)] if size == -1 else size for axis, size in enumerate(sizes))


def spread(x: mx.array, rows: int, columns: int) -> mx.array:
    sizes = (rows, columns)
    return mx.broadcast_to(x, _expanded(x.shape, (*sizes,)))
