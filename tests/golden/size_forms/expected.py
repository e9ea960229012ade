import mlx.core as mx


def sizes(x: mx.array):
    batch = x.shape[0]
    length = x.shape[-2]
    shape = x.shape
    return batch, length, shape[-1], x.ndim, x.size, x.ndim, len(x.shape)
