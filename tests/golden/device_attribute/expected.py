import mlx.core as mx


def steps(x: mx.array) -> mx.array:
    device = mx.default_device()
    return x * mx.arange(x.shape[1])[:, None]
