import mlx.core as mx


def axes(x: mx.array) -> mx.array:
    x = x.swapaxes(1, 2)  # two axes change places
    y = x.swapaxes(-1, -2)
    z = y.transpose(0, 2, 1)
    w = z.transpose(0, 2, 1).mT
    return mx.expand_dims(w, 1).squeeze(1)
