import mlx.core as mx


def ordered(x, parts, places):
    y = mx.zeros((2, 3, 4))
    for b in range(2):
        y[b, :, :] = mx.stack([x[None, i, :] for i in range(3)], axis=1)
        y[b, 0] = (x.sum() + mx.ones((1, 4)))[0]
    return y, [[1], [2]][mx.array([0]).item()]
