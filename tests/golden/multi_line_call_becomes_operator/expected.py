import mlx.core as mx


def focus(p: mx.array, gamma: mx.array):
    w = (
        1 - p) ** (
        gamma + 1
    )
    # on the left
    v = w @ p
    return w * v
